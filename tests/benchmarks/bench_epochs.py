"""Duration of the three hundredth epoch beside the first."""

import time
from statistics import median

from tests.benchmarks.tables import milliseconds, table

TITLE = "Long trainings"
_N_EPOCHS = (100, 300)


def measure(options):
    """Fit for 100 and for 300 epochs, in turn."""
    from sklearn_c2c import Autoencoder
    from tests.benchmarks.corpora import melodies, piano_roll

    X = piano_roll(melodies(75), sparse_output=True)
    model = Autoencoder(
        1500,
        init="glorot",
        output_bias_init="zeros",
        learning_rate_init=1e-3,
        tol=0,
        n_iter_no_change=max(_N_EPOCHS),
        random_state=0,
    )
    model.set_params(max_iter=1).fit(X)  # compiles
    seconds = {n: [] for n in _N_EPOCHS}
    for _ in range(3):
        for n_epochs, found in seconds.items():
            start = time.perf_counter()
            model.set_params(max_iter=n_epochs).fit(X)
            found.append(time.perf_counter() - start)
    yield {
        "case": "75 melodies, h=1500, batch 20",
        "seconds": [median(found) for found in seconds.values()],
    }


def report(records):
    """Both times and their ratio."""
    rows = [
        [record["case"], *map(milliseconds, (few, many)), f"{many / few:.2f}"]
        for record in records
        for few, many in [record["seconds"]]
    ]
    header = ["", *(f"ms for {n} epochs" for n in _N_EPOCHS), "ratio"]
    return "Median of three fits, in turn.\n\n" + table(header, rows)
