"""What `rosesim info FILE` says of a robot."""

from __future__ import annotations

from rosesim import robots


def print_robot(model: robots.Model) -> None:
    """A robot's size, joints, motors and contacts, and what its reader left out."""
    robot = model.description
    o = robot.options
    states = f", na {model.na}" if model.na else ""
    sizes = f"nq {model.nq}, nv {model.nv}, nu {model.nu}{states}"
    print(f"{robot.name}: {sizes}, {model.nbody - 1} bodies beside the world")
    print(
        f"time step {o.timestep:g} s, {o.integrator}, {o.cone} cone, gravity {' '.join(f'{g:g}' for g in o.gravity)}"
    )
    numbers = model.parameters()
    masses = {k[5:-5]: v for k, v in numbers.items() if k.startswith("body ") and k.endswith(" mass")}
    print(f"mass {sum(masses.values()):.4g} kg: " + ", ".join(f"{name} {m:.3g}" for name, m in masses.items()))
    for k, joint in enumerate(robot.joints):
        unit = "m" if joint.kind == "slide" else "rad"
        span = f", {joint.range[0]:.3g} to {joint.range[1]:.3g} {unit}" if joint.range else ""
        body = robot.bodies[joint.body].name or f"#{joint.body}"
        print(f"joint {joint.name or f'#{k}'}: {joint.kind} of {body}{span}")
    for k, a in enumerate(robot.actuators):
        target = robot.tendons[a.target].name if a.on == "tendon" else robot.joints[a.target].name
        span = f", {a.ctrl_range[0]:g} to {a.ctrl_range[1]:g}" if a.ctrl_range else ""
        print(f"actuator {a.name or f'#{k}'}: on {target or f'#{a.target}'}, gear {a.gear[0]:g}{span}{_dynamics(a)}")
    try:
        kinds = [f"{robot.geoms[t.first].kind}-{robot.geoms[t.second].kind}" for t in model.touches]
        found = ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds)) or "none"
        print(f"pairs that may touch: {found}")
    except robots.RobotError as error:
        print(f"contact: {error.sentence}")
    for harmless, title in ((False, "left out, as you asked"), (True, "does not change how it moves")):
        names = dict.fromkeys(i.what for i in robot.ignored if i.harmless == harmless)
        if names:
            print(f"{title}: {', '.join(names)}")


def _dynamics(a: robots.description.Actuator) -> str:
    """What stands between an actuator's control and its force."""
    if a.dynamics == "none":
        return ""
    constant = f" of {a.time_constant:g} s" if a.dynamics.startswith("filter") else ""
    span = f", activation {a.activation_range[0]:g} to {a.activation_range[1]:g}" if a.activation_range else ""
    return f", {a.dynamics}{constant}{span}"
