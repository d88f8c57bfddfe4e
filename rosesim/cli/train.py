"""`rosesim train`."""

from __future__ import annotations

from rosesim.cli.app import Gif, Iterations, Json, Optimizer, Out, SceneArgument, Seed, Set, app
from rosesim.cli.output import print_json, training_progress
from rosesim.cli.pictures import write_pictures
from rosesim.scenes import configure, find_scene


@app.command()
def train(
    scene: SceneArgument,
    iterations: Iterations = None,
    optimizer: Optimizer = None,
    seed: Seed = 0,
    set_: Set = None,
    out: Out = None,
    gif: Gif = None,
    json: Json = False,
) -> None:
    """Tune a scene by its gradient, into a run's folder."""
    from rosesim.train import folder, plan
    from rosesim.train import train as run_training

    made, inputs = configure(find_scene(scene), set_ or [])
    total = plan(made, inputs, iterations, optimizer, seed).iterations  # a mistake shows before anything is made
    where = folder.new_folder(made.name) if out is None else out
    with training_progress(made.name, total) as report:
        run = run_training(
            made, inputs=inputs, iterations=total, optimizer=optimizer, seed=seed, out=where, report=report
        )
    if gif is not None:
        write_pictures(made, inputs, run.attempts, run.losses, gif, None)
    if json:
        print_json(
            {
                "scene": made.name,
                "iterations": total,
                "loss_first": run.losses[0],
                "loss_last": run.losses[-1],
                "best_loss": run.best_loss,
                "compile_seconds": run.compile_seconds,
                "seconds_per_iteration": run.seconds_per_iteration,
                "out": str(where),
            }
        )
        return
    print(
        f"{made.name}: loss {run.losses[0]:.4g} to {run.losses[-1]:.4g} in {total} iterations "
        f"(best {run.best_loss:.4g}); compiled in {run.compile_seconds:.2f} s, "
        f"{1e3 * run.seconds_per_iteration:.2f} ms an iteration"
    )
    print(f"saved in {where}" + (f", shown in {gif}" if gif else ""))
