"""Links: known values, and what happens at the ends; `check_loss` has the rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostobj import links

SCALAR = [links.Identity(), links.Log(), links.Logit(), links.HalfLogit()]

few = settings(max_examples=50, deadline=None, database=None, derandomize=True)


@pytest.mark.parametrize("link", SCALAR, ids=repr)
@given(raw=st.lists(st.floats(-1e308, 1e308), min_size=2))
@few
def test_inverse_rises_and_stays_finite(link, raw):
    y_pred = link.inverse(np.sort(raw))
    assert np.all(np.isfinite(y_pred))
    assert np.all(np.diff(y_pred) >= 0)


@pytest.mark.parametrize(
    ("link", "raw", "y_pred"),
    [
        (links.Identity(), -3.5, -3.5),
        (links.Log(), np.log(3), 3.0),
        (links.Logit(), np.log(3), 0.75),
        (links.HalfLogit(), np.log(3) / 2, 0.75),
    ],
)
def test_known_values(link, raw, y_pred):
    np.testing.assert_allclose(link.inverse([raw]), [y_pred], rtol=1e-15)
    np.testing.assert_allclose(link.link([y_pred]), [raw], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("link", [links.Log(), links.Logit(), links.HalfLogit()], ids=repr)
def test_inverse_saturates_inside_what_the_dtype_holds(link, dtype):
    info = np.finfo(dtype)
    y_pred = link.inverse(np.asarray([-info.max, -1e4, 1e4, info.max], dtype=dtype))
    assert y_pred.dtype == dtype
    assert np.all((y_pred >= 0) & np.isfinite(y_pred))


def test_softmax_sums_to_one_and_its_link_to_zero():
    raw = np.random.default_rng(0).normal(size=(20, 4)) * 30
    p = links.Softmax().inverse(raw)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    back = links.Softmax().link(p)
    np.testing.assert_allclose(back.sum(axis=1), 0, atol=1e-11)
    np.testing.assert_allclose(back, raw - raw.mean(axis=1, keepdims=True), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("link", [*SCALAR, links.Softmax()], ids=repr)
def test_a_link_is_its_repr(link):
    assert eval(repr(link), vars(links)) == link
    assert hash(link) == hash(type(link)())
