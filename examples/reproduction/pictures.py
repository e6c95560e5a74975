"""Figures as SVG in the colours of the page, and the drawings that sections share."""

import io

import numpy as np

_INK = "#010203"  # a colour used nowhere else, to be replaced in the SVG
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "reproduction",  # the same ids within the SVG in every run
    "font.family": "serif",
    "font.size": 10,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), _INK),
    **dict.fromkeys(("xtick.color", "ytick.color"), _INK),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
COLORS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown")


def axes(n=1, *, width=8.0, height=3.2, **kwargs):
    """Make a figure and its axes, side by side."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(1, n, squeeze=False, **kwargs)[0]


def svg(figure):
    """Write a figure as an SVG element in the colour of the text around it."""
    import matplotlib

    drawing = io.StringIO()
    with matplotlib.rc_context(_STYLE):
        figure.savefig(drawing, format="svg", transparent=True, metadata={"Date": None})
    text = drawing.getvalue()
    return text[text.index("<svg") :].replace(_INK, "currentColor")


def path_figure(path, titles=None):
    """Piano rolls of a path, new notes of each in a second colour."""
    import matplotlib

    from sklearn_c2c.display import InterpolationDisplay

    path = np.asarray(path)
    titles = titles or [f"step {i}" for i in range(len(path))]
    figure, (ax,) = axes(width=9, height=0.9 + 1.25 * len(path))
    with matplotlib.rc_context(_STYLE):
        InterpolationDisplay.from_melodies(path, titles=titles, ax=ax)
        ax.set_yticks([])
        ax.set_ylabel("")
    return figure


def strips(ax, groups, *, label):
    """One dot a seed in each group, and their mean as a line."""
    for i, (name, values) in enumerate(groups.items()):
        values = np.array(values, dtype=float)
        values = values[~np.isnan(values)]
        color = COLORS[i % len(COLORS)]
        ax.plot(
            np.full(len(values), i), values, "o", color=color, alpha=0.6, label=name
        )
        if len(values):
            ax.plot([i - 0.25, i + 0.25], [values.mean()] * 2, color=color, linewidth=2)
    ax.set_xticks(range(len(groups)), list(groups), rotation=25, ha="right")
    ax.set_ylabel(label)


def histograms(ax, groups, *, label, bins=30):
    """Outlined histograms of pooled values, as shares."""
    pooled = {
        name: np.array([v for v in values if v is not None], dtype=float)
        for name, values in groups.items()
    }
    everything = np.concatenate(list(pooled.values()))
    edges = np.histogram_bin_edges(everything, bins)
    for i, (name, values) in enumerate(pooled.items()):
        weights = np.full(len(values), 1 / max(1, len(values)))
        ax.hist(
            values,
            edges,
            weights=weights,
            histtype="step",
            linewidth=1.6,
            color=COLORS[i % len(COLORS)],
            label=name,
        )
    ax.set(xlabel=label, ylabel="share")
    ax.legend(fontsize="small")
