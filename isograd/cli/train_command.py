"""isograd train EXPERIMENT"""

from __future__ import annotations

from isograd.cli.options import BackendName, Name, with_options
from isograd.experiments.experiment import Options
from isograd.experiments.finding import find


@with_options()
def train(experiment: Name, backend: BackendName = "numpy", *, options: Options) -> None:
    """Train every recipe of an experiment on one engine; keep the weights and the history."""
    from isograd.core.base.atomic import write_atomically
    from isograd.core.engine.registry import get_backend
    from isograd.core.graph.files import save
    from isograd.experiments.training import train_recipe
    from isograd.reports.engines import check_builds, device_options, family
    from isograd.reports.names import figure, report_folder, slug

    found = find(experiment)
    get_backend(backend)  # an engine that is not there is told before anything is read
    build_options = device_options([backend], options.device)[backend]
    check_builds(backend, options.dtype, build_options)
    prepared, recipes = found.prepare(options, family(backend))
    print(f"{found.title}, backend {backend}")
    outcomes = {}
    for name, made in recipes.items():
        print(f"\n── {name}\n{made.model.summary()}\n")
        outcome = outcomes[name] = train_recipe(found, made, prepared, options, backend=backend, **build_options)
        last = outcome.history.epochs[-1]
        print(f"epoch {last.number}: loss {last.train_loss:.4f}, validation {last.validation_loss:.4f}")
        scores = ", ".join(f"{label} {figure(value)}" for label, value in outcome.scores.items())
        print(f"test: {scores}; trained in {outcome.seconds:.2f} s")
        for title, text in outcome.texts.items():
            print(f"\n{title}:\n{text}")
    folder = report_folder(f"{found.name}-{slug(backend)}")
    print("\nWritten:")
    for name, outcome in outcomes.items():
        history = write_atomically(folder / f"history-{slug(name)}.json", outcome.history.to_json().encode())
        place, model = folder / f"{slug(name)}.safetensors", recipes[name].model
        weights = save(place, model, outcome.net.state_dict(), notes=prepared.notes)
        print(f"  {weights}\n  {history}")
