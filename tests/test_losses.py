"""Every loss of the package: check_loss, other array namespaces, and properties of all."""

import re
from dataclasses import dataclass

import array_api_strict as xp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import boostobj
from boostobj import MulticlassLoss, ResidualLoss
from boostobj import _registry as registry
from boostobj._labels import LEAST_SHARE
from boostobj._sample import Sample
from boostobj.catalogue import built_in_losses
from boostobj.groups import GroupLoss
from boostobj.testing import _families as families
from boostobj.testing import check_loss

CLASSES = built_in_losses()
LOSSES = [loss for cls in CLASSES for loss in cls.examples()]
ROWWISE = [loss for loss in LOSSES if not isinstance(loss, GroupLoss)]
SCALAR = [loss for loss in ROWWISE if not loss.joint_outputs]

few = settings(max_examples=20, deadline=None, database=None, derandomize=True)
margins = st.lists(st.floats(-30, 30, width=32), min_size=2, max_size=8).map(np.asarray)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_check_loss(loss):
    check_loss(loss)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_other_namespaces_give_what_numpy_gives(loss, dtype, device):
    y, raw = (x.astype(dtype) for x in families.sample(loss, 30))
    there, raw_there = (xp.asarray(x, device=device) for x in (y, raw))
    results = loss.value(there, raw_there), *loss.gradient_hessian(there, raw_there)
    expected = loss.value(y, raw), *loss.gradient_hessian(y, raw)
    for got, wanted in zip(results, expected, strict=True):
        assert got.__array_namespace__() is xp
        assert got.device == device
        assert got.dtype == getattr(xp, dtype)
        # Powers with a scalar exponent round differently in some versions of NumPy.
        got = np.asarray(got.to_device("cpu"))
        np.testing.assert_allclose(got, wanted, rtol=64 * np.finfo(dtype).eps)
    assert loss.link.inverse(raw_there).device == device
    assert np.all(loss.init_score(there) == loss.init_score(y))
    assert loss.metric.score(there, raw_there) == loss.metric.score(y, raw)
    np.testing.assert_array_equal(loss(there, raw_there), loss(y, raw))


@pytest.mark.parametrize("loss", ROWWISE, ids=repr)
def test_nothing_is_computed_in_double_precision_that_is_asked_for_in_single(loss):
    y, raw = (x.astype(np.float32) for x in families.sample(loss, 30))
    y, raw = loss._checked(y, raw)
    loss = loss._adapted(Sample(y, raw))
    results = loss._pointwise_value(y, raw), *loss._pointwise_derivatives(y, raw)
    assert [x.dtype for x in results] == [np.float32] * 3


@pytest.mark.parametrize("loss", SCALAR, ids=repr)
@given(raw=margins, i=st.integers(0, 49))
@few
def test_a_row_of_its_own_has_its_minimum_at_its_start(loss, raw, i):
    # a class of its own starts where another one has the least share
    raw, slack = raw / 6, 1e-12 if isinstance(loss, ResidualLoss) else LEAST_SHARE
    y = np.full(len(raw), families.sample(loss, 50)[0][i])
    best = loss.value(y[:1], np.asarray([loss.init_score(y[:1])]))
    assert np.all(loss.value(y, raw) >= best - 1e-9 * np.abs(best) - slack)


@pytest.mark.parametrize("loss", [x for x in SCALAR if x.curvature == "exact"], ids=repr)
@given(raw=margins, i=st.integers(0, 49))
@few
def test_a_loss_with_an_exact_hessian_is_convex(loss, raw, i):
    raw = np.sort(raw)
    y = np.full(len(raw), families.sample(loss, 50)[0][i])
    value = loss.value(y, raw)
    gradient, _ = loss.gradient_hessian(y, raw)
    # The slope of a chord lies between those of the tangents at its ends.
    rise, run = np.diff(value), np.diff(raw)
    slack = 1e-12 * (np.abs(value[1:]) + np.abs(value[:-1]) + 1e-300)
    assert np.all(np.diff(gradient) >= -1e-12 * np.abs(gradient[1:]))
    assert np.all(rise >= gradient[:-1] * run - slack)
    assert np.all(rise <= gradient[1:] * run + slack)


@pytest.mark.parametrize("loss", [x for x in SCALAR if x.curvature == "majorizer"], ids=repr)
@given(raw=margins, i=st.integers(0, 49))
@few
def test_a_newton_step_of_a_majorizer_goes_down_as_far_as_promised(loss, raw, i):
    y = np.full(len(raw), families.sample(loss, 50)[0][i])
    value = loss.value(y, raw)
    gradient, hessian = loss.gradient_hessian(y, raw)
    promised = value - gradient**2 / hessian / 2
    slack = 1e-10 * (np.abs(value) + gradient**2 / hessian)
    assert np.all(loss.value(y, raw - gradient / hessian) <= promised + slack)


@pytest.mark.parametrize("loss", [x for x in ROWWISE if isinstance(x, MulticlassLoss)], ids=repr)
@given(shift=st.floats(-100, 100, width=16))
@few
def test_classes_see_only_differences_of_margins(loss, shift):
    if not loss.coupled_outputs:
        pytest.skip("one loss per class")
    y, raw = families.sample(loss, 20)
    np.testing.assert_allclose(loss.value(y, raw + shift), loss.value(y, raw), rtol=1e-10)
    for got, expected in zip(
        loss.gradient_hessian(y, raw + shift), loss.gradient_hessian(y, raw), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", ROWWISE, ids=repr)
def test_the_order_of_rows_does_not_matter(loss):
    y, raw = families.sample(loss, 40)
    order = np.random.default_rng(0).permutation(40)
    np.testing.assert_array_equal(loss.value(y[order], raw[order]), loss.value(y, raw)[order])
    assert loss.init_score(y[order]) == pytest.approx(loss.init_score(y), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_plain_python_numbers_are_welcome(loss):
    y, raw = families.sample(loss, 12)
    gradient, hessian = loss.gradient_hessian(y, raw)
    for got, expected in zip(
        loss.gradient_hessian(y.tolist(), raw.tolist()), (gradient, hessian), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_loss_is_public(cls):
    assert cls.__name__ in boostobj.__all__
    assert getattr(boostobj, cls.__name__) is cls


def test_a_name_of_this_package_stays_its_own():
    body = {"formula": "r", "__module__": "elsewhere"}
    message = "elsewhere.Huber: the name 'huber' belongs to boostobj.losses.huber.Huber"
    with pytest.raises(ValueError, match=message):
        type("Huber", (boostobj.ResidualLoss,), body)
    assert boostobj.get_loss("huber") == boostobj.Huber()
    with pytest.raises(ValueError, match="the name 'MAE' belongs to boostobj"):
        type("MAE", (boostobj.metrics.Metric,), {"__module__": "elsewhere"})


def test_a_loss_may_be_defined_again():
    def cell():
        @dataclass(frozen=True, slots=True)
        class Mine(boostobj.Huber):
            formula = boostobj.Huber.formula

        return Mine

    try:
        cell()
        again = cell()
        assert type(boostobj.get_loss("mine")) is again
    finally:
        registry.LOSSES.pop("mine")


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_loss_states_domain_link_and_curvature(cls):
    doc = cls.__doc__
    if re.search("(Domain|Curvature).*: (that|those) of", doc):
        return  # the losses that it is made of state it
    assert re.search(r"\bDomain:\s", doc)
    assert re.search(r"\bLink:\s", doc)
    stated = re.search(r"Curvature: (.*?)(\n\n|$)", doc, flags=re.DOTALL)[1]
    assert cls.examples()[0].curvature.replace("z", "s") in stated.replace("z", "s")


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_first_example_is_the_default(cls):
    first = cls.examples()[0]
    try:
        default = cls()
    except TypeError:
        pytest.skip("a parameter has no default")
    assert first == default
    assert boostobj.get_loss(first.name) == first
