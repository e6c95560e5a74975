"""Measures of melodies, of sets of melodies, and of models.

Melodies are rows of steps, see `sklearn_c2c.melody`. If a melody is shorter than its
row, the steps after its end never count: a measure of each melody has the value of the
melody alone, and one of a set counts each step or note once. Where measures of the
melody are compared, the row is of whole measures, and a melody may end within one. A
share, mean or entropy over no elements is NaN; measures of each melody return an empty
array for no melodies.

By kind:

* reconstruction: `binary_accuracy`, `step_accuracy`, `melody_accuracy`, `onset_f1`,
  `onset_pitch_accuracy`, `length_error`; as scorers `step_accuracy_scorer`,
  `melody_accuracy_scorer`, `reconstruction_scores`
* novelty: `nearest_melody`, `originality`, `copy_share`, `longest_copied_run`,
  `distinct_share`, `diversity`
* continuity: `path_continuity`
* musical statistics: `melody_statistics`, `note_density`, `hold_share`, `rest_share`,
  `pitch_range`, `pitch_class_entropy`, `in_scale_share`, `mean_absolute_interval`,
  `groove_consistency`; `interval_histogram`, `note_length_histogram`,
  `pitch_class_histogram`
* attributes: `attributes`, `attribute_values`, `attribute_names`;
  `rhythmic_complexity`, `syncopation`, `mean_pitch`, `contour`, `stepwise_share`,
  `repeated_note_share`, `repeated_measure_share`
* disentanglement and control: `disentanglement`, `interpretability`,
  `mutual_information_gap`, `separated_attribute_predictability`,
  `spearman_correlation`, `modularity`, `latent_sparsity`, `posterior_overlap`;
  `slider_control`, `control_r2`, `leakage`,
  `monotonicity`, `smoothness`
* style: `style_features`, `style_overlap`, `overlapping_area`, `kl_divergence`,
  `note_surprise`, `step_surprise`, `two_sample_auc`, `half_against_half`,
  `melody_features`, `density_coverage`, `frechet_distance`
* form: `repeat_share`, `equal_measure_share`, `measure_similarity`,
  `similarity_by_lag`, `endings`, `tonic_ending`
* harmony, of pieces of several voices: `harmony_statistics`, `compare_harmony`,
  `voice_accuracy`, `voice_crossings`, `parallel_fifths`, `parallel_octaves`,
  `out_of_range_share`, `wide_spacing_share`, `voice_leap_share`, `chord_share`,
  `chord_tone_share`
* all in one table: `evaluate`, an `Evaluation`
"""

from sklearn_c2c.metrics._attribute_names import (
    attribute_names,
    attribute_values,
    attributes,
)
from sklearn_c2c.metrics._attributes import (
    contour,
    mean_pitch,
    repeated_measure_share,
    repeated_note_share,
    rhythmic_complexity,
    stepwise_share,
    syncopation,
)
from sklearn_c2c.metrics._chords import chord_share, chord_tone_share
from sklearn_c2c.metrics._continuity import path_continuity
from sklearn_c2c.metrics._control import (
    control_r2,
    leakage,
    monotonicity,
    slider_control,
    smoothness,
)
from sklearn_c2c.metrics._disentanglement import (
    disentanglement,
    interpretability,
    modularity,
    mutual_information_gap,
    separated_attribute_predictability,
    spearman_correlation,
)
from sklearn_c2c.metrics._endings import endings, tonic_ending
from sklearn_c2c.metrics._evaluate import Evaluation, evaluate
from sklearn_c2c.metrics._form import (
    equal_measure_share,
    measure_similarity,
    repeat_share,
    similarity_by_lag,
)
from sklearn_c2c.metrics._frechet import frechet_distance
from sklearn_c2c.metrics._harmony import (
    compare_harmony,
    harmony_statistics,
    voice_accuracy,
)
from sklearn_c2c.metrics._histograms import (
    interval_histogram,
    note_length_histogram,
    pitch_class_histogram,
)
from sklearn_c2c.metrics._latent_structure import latent_sparsity, posterior_overlap
from sklearn_c2c.metrics._novelty import (
    copy_share,
    distinct_share,
    diversity,
    longest_copied_run,
    nearest_melody,
)
from sklearn_c2c.metrics._originality import originality
from sklearn_c2c.metrics._reconstruction import (
    binary_accuracy,
    length_error,
    melody_accuracy,
    onset_f1,
    onset_pitch_accuracy,
    step_accuracy,
)
from sklearn_c2c.metrics._scorers import (
    melody_accuracy_scorer,
    reconstruction_scores,
    step_accuracy_scorer,
)
from sklearn_c2c.metrics._statistics import (
    groove_consistency,
    hold_share,
    in_scale_share,
    mean_absolute_interval,
    melody_statistics,
    note_density,
    pitch_class_entropy,
    pitch_range,
    rest_share,
)
from sklearn_c2c.metrics._style import (
    kl_divergence,
    overlapping_area,
    style_features,
    style_overlap,
)
from sklearn_c2c.metrics._surprise import note_surprise, step_surprise
from sklearn_c2c.metrics._two_sample import (
    density_coverage,
    half_against_half,
    melody_features,
    two_sample_auc,
)
from sklearn_c2c.metrics._voice_leading import (
    out_of_range_share,
    parallel_fifths,
    parallel_octaves,
    voice_crossings,
    voice_leap_share,
    wide_spacing_share,
)

__all__ = [
    "Evaluation",
    "attribute_names",
    "attribute_values",
    "attributes",
    "binary_accuracy",
    "chord_share",
    "chord_tone_share",
    "compare_harmony",
    "contour",
    "control_r2",
    "copy_share",
    "density_coverage",
    "disentanglement",
    "distinct_share",
    "diversity",
    "endings",
    "equal_measure_share",
    "evaluate",
    "frechet_distance",
    "groove_consistency",
    "half_against_half",
    "harmony_statistics",
    "hold_share",
    "in_scale_share",
    "interpretability",
    "interval_histogram",
    "kl_divergence",
    "latent_sparsity",
    "leakage",
    "length_error",
    "longest_copied_run",
    "mean_absolute_interval",
    "mean_pitch",
    "measure_similarity",
    "melody_accuracy",
    "melody_accuracy_scorer",
    "melody_features",
    "melody_statistics",
    "modularity",
    "monotonicity",
    "mutual_information_gap",
    "nearest_melody",
    "note_density",
    "note_length_histogram",
    "note_surprise",
    "onset_f1",
    "onset_pitch_accuracy",
    "originality",
    "out_of_range_share",
    "overlapping_area",
    "parallel_fifths",
    "parallel_octaves",
    "path_continuity",
    "pitch_class_entropy",
    "pitch_class_histogram",
    "pitch_range",
    "posterior_overlap",
    "reconstruction_scores",
    "repeat_share",
    "repeated_measure_share",
    "repeated_note_share",
    "rest_share",
    "rhythmic_complexity",
    "separated_attribute_predictability",
    "similarity_by_lag",
    "slider_control",
    "smoothness",
    "spearman_correlation",
    "step_accuracy",
    "step_accuracy_scorer",
    "step_surprise",
    "stepwise_share",
    "style_features",
    "style_overlap",
    "syncopation",
    "tonic_ending",
    "two_sample_auc",
    "voice_accuracy",
    "voice_crossings",
    "voice_leap_share",
    "wide_spacing_share",
]
