"""The words of MJCF: for each element, which attributes are read, which change no motion, which are not there yet.

A key is the element's name, with the section before it where a name has several meanings (`fixed joint`).
"""

from __future__ import annotations

from rosesim.robots.files.values import Words, words

ORIENTATION = "quat axisangle euler xyaxes zaxis"
_PICTURE = "rgba material group user name"


def _later(what: str, *names: str, sentence: str = "is not there yet.") -> dict[str, tuple[str, str]]:
    return dict.fromkeys(names, (what, sentence))


_ACTUATOR = (
    "name class joint jointinparent tendon gear ctrlrange ctrllimited forcerange forcelimited actrange actlimited"
)
_ACTUATOR_HARMLESS = "group user lengthrange"
_ACTUATOR_LATER = {
    **_later("actuator on site", "site", "refsite", "cranksite", "slidersite", "cranklength"),
    **_later("actuator on body", "body"),
    **_later("actuator delay", "delay", "nsample", "interp"),
}
_LIMIT = "limited range solreflimit solimplimit solreffriction solimpfriction frictionloss margin stiffness damping"

WORDS: dict[str, Words] = {
    "mujoco": words(harmless="model"),
    "include": words("file"),
    "compiler": words(
        "angle eulerseq autolimits coordinate inertiafromgeom inertiagrouprange settotalmass boundmass boundinertia"
        " balanceinertia meshdir assetdir strippath alignfree",
        # fusestatic only numbers bodies otherwise; exactmeshinertia is the older name of a mesh's inertia="exact"
        "texturedir discardvisual fusestatic usethread fitaabb convexhull saveinertial exactmeshinertia",
    ),
    "option": words(
        "timestep gravity integrator cone impratio density viscosity wind noslip_iterations collision",
        "solver iterations tolerance jacobian ls_iterations ls_tolerance noslip_tolerance ccd_iterations"
        " ccd_tolerance mpr_iterations mpr_tolerance sdf_iterations sdf_initpoints apirate magnetic sleep_tolerance"
        # of `flag override` alone, which is refused
        " o_margin o_solref o_solimp o_friction",
        _later("option actuatorgroupdisable", "actuatorgroupdisable"),
    ),
    "flag": words(
        "contact constraint limit gravity damper spring passive clampctrl eulerdamp frictionloss equality"
        " filterparent actuation refsafe override",
        "energy warmstart multiccd midphase nativeccd island sensor sensornoise autoreset fwdinv invdiscrete sleep",
    ),
    "default": words("class"),
    "worldbody": words("childclass"),
    "body": words(f"name childclass pos {ORIENTATION} mocap gravcomp", "user sleep"),
    "frame": words(f"childclass pos {ORIENTATION}", "name"),
    "replicate": words("count offset euler sep"),
    "inertial": words(f"pos {ORIENTATION} mass diaginertia fullinertia"),
    "joint": words(
        f"name class type pos axis {_LIMIT} springdamper ref springref armature actuatorfrcrange actuatorfrclimited"
        " actuatorgravcomp",
        "group user",
    ),
    "freejoint": words("name align", "group"),
    "geom": words(
        f"name class type size fromto pos {ORIENTATION} mass density contype conaffinity condim friction solref"
        " solimp solmix margin gap priority group mesh shellinertia rgba material fluidshape hfield",
        "user fitscale fluidcoef",
    ),
    "site": words(f"name class type size fromto pos {ORIENTATION}", "rgba material group user"),
    "pair": words("class geom1 geom2 condim friction solref solimp margin gap solreffriction", "name"),
    "exclude": words("body1 body2", "name"),
    "fixed": words(
        f"name class {_LIMIT} springlength armature actuatorfrcrange actuatorfrclimited",
        "width rgba material group user",
    ),
    "fixed joint": words("joint coef"),
    "spatial site": words("site"),
    "spatial pulley": words("divisor"),
    "spatial": words(
        f"name class {_LIMIT} springlength armature actuatorfrcrange actuatorfrclimited",
        "width rgba material group user",
    ),
    "equality joint": words("name class active joint1 joint2 polycoef solref solimp"),
    "equality tendon": words("name class active tendon1 tendon2 polycoef solref solimp"),
    "equality connect": words("name class active body1 body2 anchor solref solimp"),
    "equality weld": words("name class active body1 body2 anchor relpose torquescale solref solimp"),
    "mesh": words(
        "name class file scale refpos refquat vertex face inertia",
        "normal texcoord smoothnormal maxhullvert content_type material",
        _later("mesh builtin", "builtin", "params"),
    ),
    "material": words(
        "name class rgba", "texture texrepeat texuniform emission specular shininess reflectance metallic roughness"
    ),
    "key": words("name qpos qvel ctrl act", "time mpos mquat"),
    "motor": words(_ACTUATOR, _ACTUATOR_HARMLESS, _ACTUATOR_LATER),
    "position": words(f"{_ACTUATOR} kp kv dampratio timeconst inheritrange", _ACTUATOR_HARMLESS, _ACTUATOR_LATER),
    "intvelocity": words(f"{_ACTUATOR} kp kv dampratio inheritrange", _ACTUATOR_HARMLESS, _ACTUATOR_LATER),
    "velocity": words(f"{_ACTUATOR} kv", _ACTUATOR_HARMLESS, _ACTUATOR_LATER),
    "damper": words(f"{_ACTUATOR} kv", _ACTUATOR_HARMLESS, _ACTUATOR_LATER),
    "cylinder": words(f"{_ACTUATOR} timeconst area diameter bias", _ACTUATOR_HARMLESS, _ACTUATOR_LATER),
    "general": words(
        f"{_ACTUATOR} dyntype gaintype biastype dynprm gainprm biasprm actearly",
        _ACTUATOR_HARMLESS,
        {**_ACTUATOR_LATER, **_later("actuator general", "actdim")},
    ),
}

ACTUATOR = Words(frozenset().union(*(WORDS[n].read for n in ("general", "position", "cylinder", "intvelocity"))))
"""What any actuator may give: in a class of defaults all of them write one record."""

ACTUATORS = ("motor", "position", "velocity", "intvelocity", "damper", "cylinder", "general")
LATER_ACTUATORS = ("muscle", "adhesion", "dcmotor", "pid", "plugin")

HARMLESS_SECTIONS = ("visual", "statistic", "size", "custom")
HARMLESS_ASSETS = ("texture", "skin", "model", "hfield")
HARMLESS_IN_BODY = ("camera", "light")

DEFAULT_KINDS = {
    **{name: name for name in ("joint", "geom", "site", "pair", "mesh", "material")},
    "tendon": "fixed",
    "equality": "equality joint",
    **dict.fromkeys(ACTUATORS, "actuator"),
}
"""The elements within `default`, and the key of WORDS that they are read by."""

SENSORS = {
    **dict.fromkeys(("jointpos", "jointvel"), "joint"),
    **dict.fromkeys(("gyro", "velocimeter", "accelerometer", "touch"), "site"),
    **dict.fromkeys(("actuatorfrc", "actuatorpos", "actuatorvel"), "actuator"),
    **dict.fromkeys(("tendonpos", "tendonvel"), "tendon"),
    **dict.fromkeys(("subtreecom", "subtreelinvel", "subtreeangmom"), "body"),
    **dict.fromkeys(
        ("framepos", "framequat", "framexaxis", "frameyaxis", "framezaxis", "framelinvel", "frameangvel"), "frame"
    ),
}
"""The sensors that are read, and what each measures; `frame` is what its objtype says."""
