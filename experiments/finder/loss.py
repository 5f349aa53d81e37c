"""What the finder's training makes small."""

import keras
from keras import ops

from experiments.finder.targets import (
    ERYTHROCYTE,
    ERYTHROCYTE_COUNTS,
    ERYTHROCYTE_SIZE,
    LEUKOCYTE,
    LEUKOCYTE_COUNTS,
    LEUKOCYTE_SIZE,
    SIZE_KNOWN,
)
from leukapp.fields.found_cells import HEAT, SIZE_OF_ERYTHROCYTE, SIZE_OF_LEUKOCYTE


def finder_loss(target: keras.KerasTensor, answer: keras.KerasTensor) -> keras.KerasTensor:
    """Focal loss of both middles, and absolute error of the logarithms of both sizes.

    Source:
        X. Zhou et al., Objects as Points, 2019.
    """
    heat = answer[..., HEAT]
    is_leukocyte = target[..., LEUKOCYTE]
    is_erythrocyte = target[..., ERYTHROCYTE]
    size_counts = target[..., SIZE_KNOWN]
    erythrocyte_counts = target[..., ERYTHROCYTE_COUNTS]
    at_middle = ops.cast(is_erythrocyte >= 0.999, "float32") * erythrocyte_counts
    return (
        _focal(heat[..., 0], is_leukocyte, target[..., LEUKOCYTE_COUNTS])
        + 0.5 * _focal(heat[..., 1], is_erythrocyte, erythrocyte_counts)
        + _size_error(answer[..., SIZE_OF_LEUKOCYTE], target[..., LEUKOCYTE_SIZE], size_counts)
        + 0.5
        * _size_error(answer[..., SIZE_OF_ERYTHROCYTE], target[..., ERYTHROCYTE_SIZE], at_middle)
    )


def _focal(
    logit: keras.KerasTensor, heat: keras.KerasTensor, counts: keras.KerasTensor
) -> keras.KerasTensor:
    probability = ops.sigmoid(logit)
    is_middle = ops.cast(heat >= 0.999, "float32")
    hit = is_middle * (1 - probability) ** 2 * ops.log_sigmoid(logit)
    rest = (1 - is_middle) * (1 - heat) ** 4 * probability**2 * ops.log_sigmoid(-logit)
    return -ops.sum((hit + rest) * counts) / (ops.sum(is_middle * counts) + 1)


def _size_error(
    answer: keras.KerasTensor, target: keras.KerasTensor, counts: keras.KerasTensor
) -> keras.KerasTensor:
    error = ops.abs(answer - target) * counts[..., None]
    return ops.sum(error) / (ops.sum(counts) + 1)
