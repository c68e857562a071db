"""Evaluation metrics in the form that fits every metric slot.

A metric is called like a loss, by XGBoost and LightGBM, native or through scikit-learn, and by
you: ``metric(y_true, y_pred, sample_weight)``. It applies its link to what it gets, weights the
rows, computes in float64 (by scikit-learn where it has the function) and carries a name whose
direction no engine guesses wrong.

With a custom objective the engines hand metrics the raw margins, with a built-in one the
transformed predictions. ``loss.metric`` always expects margins. The metrics of this module
expect predictions unless told otherwise: ``LogLoss(link=loss.link)``.

==========================  ==================================================================
name                        what it is
==========================  ==================================================================
`MeanSquaredError`          mean of squared residuals
`RMSE`                      its square root
`MAE`                       mean of absolute residuals
`MAPE`                      mean of absolute residuals over absolute targets
`MeanBiasError`             mean of prediction minus target; engines minimise its absolute value
`R2`                        share of variance explained
`Pinball`                   mean pinball loss of a quantile
`MeanPinball`               the same averaged over several quantiles, one output each
`CRPS`                      continuous ranked probability score from quantiles
`IntervalCoverage`          share of targets inside their interval; engines minimise its distance
                            from the promised share
`MeanIntervalWidth`         mean width of intervals
`IntervalScore`             Winkler's score of intervals
`ZeroOneError`              share of wrong classes
`LogLoss`                   negative mean log-likelihood of labels
`KLDivergence`              mean divergence of predicted from true probabilities
`AUC`                       area under the ROC curve
`AveragePrecision`          area under the precision-recall curve
`BrierScore`                mean squared error of probabilities
`ExpectedCalibrationError`  mean distance of probabilities from the shares that come true
`BalancedAccuracy`          share of right classes, averaged over the true classes
`FBeta`                     harmonic mean of precision and recall
`MatthewsCorrelation`       correlation of true and predicted classes
`QuadraticKappa`            Cohen's kappa of ordered classes
`NDCG`                      normalised discounted cumulative gain of ranked groups
==========================  ==================================================================
"""

from boostobj.metrics.base import LossMetric, Metric, all_metrics
from boostobj.metrics.classification import (
    AUC,
    AveragePrecision,
    BalancedAccuracy,
    BrierScore,
    ExpectedCalibrationError,
    FBeta,
    KLDivergence,
    LogLoss,
    MatthewsCorrelation,
    QuadraticKappa,
    ZeroOneError,
)
from boostobj.metrics.interval import (
    CRPS,
    IntervalCoverage,
    IntervalScore,
    MeanIntervalWidth,
    MeanPinball,
    Pinball,
)
from boostobj.metrics.ranking import NDCG
from boostobj.metrics.regression import MAE, MAPE, R2, RMSE, MeanBiasError, MeanSquaredError

__all__ = [
    "AUC",
    "CRPS",
    "MAE",
    "MAPE",
    "NDCG",
    "R2",
    "RMSE",
    "AveragePrecision",
    "BalancedAccuracy",
    "BrierScore",
    "ExpectedCalibrationError",
    "FBeta",
    "IntervalCoverage",
    "IntervalScore",
    "KLDivergence",
    "LogLoss",
    "LossMetric",
    "MatthewsCorrelation",
    "MeanBiasError",
    "MeanIntervalWidth",
    "MeanPinball",
    "MeanSquaredError",
    "Metric",
    "Pinball",
    "QuadraticKappa",
    "ZeroOneError",
    "all_metrics",
]
