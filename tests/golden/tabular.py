#!/usr/bin/python3
"""Make or check the golden file of kernels/tabular: what scikit-learn answers.

tabular.json has an entry for each case: columns, steps as users of this project write them, and the columns of
scikit-learn's result. NaN and infinities are strings, missing strings are null. Every column is fitted alone: NumPy
adds the rows of a matrix in another order than those of one column, so that means differ in the last bit.
Long columns are made by integer draws, products and quotients, which every machine computes alike, and their results
are checksums of the values in little-endian order.

It needs the Debian package python3-sklearn, and those of make.py.
"""

import hashlib
import platform
import sys
import warnings

import numpy as np
import sklearn
from sklearn.feature_extraction import FeatureHasher
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    KBinsDiscretizer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler,
)

import golden_files
import make

MANIFEST = golden_files.HERE / "tabular.json"
NAN, INF = float("nan"), float("inf")
TYPES = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "i32": np.int32, "u8": np.uint8}


def array(kind, values):
    """A matrix of one column. Missing strings are NaN, as pandas has them."""
    if kind == "text":
        return np.array([NAN if value is None else value for value in values], dtype=object).reshape(-1, 1)
    return np.array(values, dtype=TYPES[kind]).reshape(-1, 1)


def generated(rows, factor, modulus, divisor, holes):
    """Values that both sides compute alike; one row of each `holes` is missing."""
    index = np.arange(rows, dtype=np.int64)
    values = (index * factor % modulus) / np.float64(divisor)
    values[index % holes == holes - 1] = NAN
    return values


AGES = [31.5, NAN, 47.25, 18.0, NAN, 64.1, 31.5, 22.3]
TIES = [3.0, 1.0, NAN, 3.0, 1.0, 2.0, -5.5, NAN]
TENTHS = [0.1, 0.2, 0.3, 0.7, 1.1, 1.3, 2.9, 3.7, 5.3, 8.9, 13.1]
SKEWED = [0.0] * 9 + [1.0, 1.0, 2.0, 3.5, 3.5, 10.0]
CITIES = ["Oslo", "Bern", None, "Oslo", "Bern", "Zürich", "Aarau", None, "Bern"]
LETTERS = list("aaaaabbbbbbbbbbbbbbbbbbbbccccccccccddd") + ["e"]
WORDS = ["", "a", "ab", "abc", "abcd", "Zürich", "𝄞 clef", "the quick brown fox", "\uffff"]
LONG = dict(rows=20000, factor=7919, modulus=10007, divisor=97, holes=11)


def impute(strategy, **more):
    """An imputer."""
    return lambda: SimpleImputer(strategy=strategy, **more)


# name, type of the columns, values by column, values to transform or None, our steps but for columns, scikit-learn's
CASES = [
    ("mean", "f64", [AGES, TENTHS[:8]], None, [{"op": "impute", "method": "mean"}], [impute("mean")]),
    ("mean of f32", "f32", [AGES, TIES], None, [{"op": "impute", "method": "mean"}], [impute("mean")]),
    ("mean of f16", "f16", [AGES, TIES], None, [{"op": "impute", "method": "mean"}], [impute("mean")]),
    ("median", "f64", [AGES, TIES], None, [{"op": "impute", "method": "median"}], [impute("median")]),
    ("median of f32", "f32", [AGES, TIES], None, [{"op": "impute", "method": "median"}], [impute("median")]),
    ("most frequent with ties", "f64", [TIES, AGES], None, [{"op": "impute", "method": "most_frequent"}],
     [impute("most_frequent")]),
    ("most frequent of text with ties", "text", [CITIES, CITIES[1:] + ["Oslo"]], None,
     [{"op": "impute", "method": "most_frequent"}], [impute("most_frequent")]),
    ("constant", "f64", [AGES], None, [{"op": "impute", "method": "constant", "value": -1.5}],
     [impute("constant", fill_value=-1.5)]),
    ("constant of text", "text", [CITIES], None, [{"op": "impute", "method": "constant"}], [impute("constant")]),
    ("mean of a column without values", "f64", [[NAN] * 5, AGES[:5]], None, [{"op": "impute", "method": "mean"}],
     [impute("mean")]),
    ("mean of a column without values, kept", "f64", [[NAN] * 5, AGES[:5]], None,
     [{"op": "impute", "method": "mean", "keepEmpty": True}], [impute("mean", keep_empty_features=True)]),
    ("most frequent of a column without values, kept", "f64", [[NAN] * 5], None,
     [{"op": "impute", "method": "most_frequent", "keepEmpty": True}],
     [impute("most_frequent", keep_empty_features=True)]),
    ("median with an indicator", "f64", [AGES, TENTHS[:8]], None,
     [{"op": "impute", "method": "median", "indicator": True}], [impute("median", add_indicator=True)]),
    ("mean with a number for missing values", "f64", [[1.0, -1.0, 4.0, 7.0, -1.0]], None,
     [{"op": "impute", "method": "mean", "missing": -1}],
     [lambda: SimpleImputer(strategy="mean", missing_values=-1)]),
    ("mean of i32", "i32", [[1, 2, 4, 9]], None, [{"op": "impute", "method": "mean"}], [impute("mean")]),
    ("ordinal of text", "text", [["b", "a", "𝄞", "\uffff", "a", "B"]], None, [{"op": "encode", "method": "ordinal"}],
     [lambda: OrdinalEncoder()]),
    ("ordinal with missing values", "text", [CITIES], None, [{"op": "encode", "method": "ordinal"}],
     [lambda: OrdinalEncoder()]),
    ("ordinal with a number for missing values", "f64", [TIES], None,
     [{"op": "encode", "method": "ordinal", "missingValue": -7}],
     [lambda: OrdinalEncoder(encoded_missing_value=-7)]),
    ("ordinal of unknown values", "f64", [TIES], [[2.0, NAN, 9.0, -5.5]],
     [{"op": "encode", "method": "ordinal", "unknownValue": -1}],
     [lambda: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)]),
    ("ordinal of values unknown and missing", "text", [["b", "a", "c"]], [["c", None, "x", "a"]],
     [{"op": "encode", "method": "ordinal", "unknownValue": "NaN"}],
     [lambda: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)]),
    ("ordinal of given categories", "text", [["low", "high", "mid", "low"]], None,
     [{"op": "encode", "method": "ordinal", "categories": [["low", "mid", "high"]]}],
     [lambda: OrdinalEncoder(categories=[["low", "mid", "high"]])]),
    ("one-hot", "text", [CITIES], None, [{"op": "encode", "method": "one_hot"}],
     [lambda: OneHotEncoder(sparse_output=False)]),
    ("one-hot of numbers with missing values", "f64", [TIES], None, [{"op": "encode", "method": "one_hot"}],
     [lambda: OneHotEncoder(sparse_output=False)]),
    ("one-hot of i32 as f32", "i32", [[3, 1, 2, 3]], None, [{"op": "encode", "method": "one_hot", "dtype": "f32"}],
     [lambda: OneHotEncoder(sparse_output=False, dtype=np.float32)]),
    ("one-hot of unknown values, ignored", "text", [["b", "a"]], [["a", "x", None, "b"]],
     [{"op": "encode", "method": "one_hot", "unknown": "ignore"}],
     [lambda: OneHotEncoder(sparse_output=False, handle_unknown="ignore")]),
    ("one-hot with a least number of rows", "text", [LETTERS], [list("abcdex")],
     [{"op": "encode", "method": "one_hot", "unknown": "infrequent", "minFrequency": 6}],
     [lambda: OneHotEncoder(sparse_output=False, handle_unknown="infrequent_if_exist", min_frequency=6)]),
    ("one-hot with a least share of rows", "text", [LETTERS], [list("abcdex")],
     [{"op": "encode", "method": "one_hot", "unknown": "ignore", "minFrequency": 0.13}],
     [lambda: OneHotEncoder(sparse_output=False, handle_unknown="ignore", min_frequency=0.13)]),
    ("one-hot with most columns and ties", "text", [list("ababcdcdeef")], [list("abcdefx")],
     [{"op": "encode", "method": "one_hot", "unknown": "infrequent", "maxCategories": 3}],
     [lambda: OneHotEncoder(sparse_output=False, handle_unknown="infrequent_if_exist", max_categories=3)]),
    ("one-hot without the first", "text", [CITIES], None, [{"op": "encode", "method": "one_hot", "drop": "first"}],
     [lambda: OneHotEncoder(sparse_output=False, drop="first")]),
    ("one-hot without the first of two", "text", [list("abba"), list("abca"), list("aaaa")], None,
     [{"op": "encode", "method": "one_hot", "drop": "if_binary"}],
     [lambda: OneHotEncoder(sparse_output=False, drop="if_binary")]),
    ("one-hot of infrequent values without the first of two", "text", [LETTERS], [list("abcdex")],
     [{"op": "encode", "method": "one_hot", "unknown": "infrequent", "minFrequency": 15, "drop": "if_binary"}],
     [lambda: OneHotEncoder(
         sparse_output=False, handle_unknown="infrequent_if_exist", min_frequency=15, drop="if_binary")]),
    ("hashing", "text", [WORDS], None, [{"op": "encode", "method": "hashing", "buckets": 8}], ["hash"]),
    ("hashing without signs", "text", [WORDS], None,
     [{"op": "encode", "method": "hashing", "buckets": 5, "alternateSign": False}], ["hash unsigned"]),
    ("uniform bins", "f64", [TENTHS, SKEWED[4:]], None, [{"op": "encode", "method": "uniform_bins", "bins": 4}],
     [lambda: KBinsDiscretizer(n_bins=4, strategy="uniform", encode="ordinal")]),
    ("quantile bins with equal edges", "f64", [SKEWED, TENTHS + [0.1, 0.2, 0.3, 20.0]], [SKEWED, [-1.0, *TENTHS, 99.0, 1e300, 0.15]],
     [{"op": "encode", "method": "quantile_bins", "bins": 5}],
     [lambda: KBinsDiscretizer(n_bins=5, strategy="quantile", encode="ordinal", subsample=None)]),
    ("quantile bins of f32", "f32", [TENTHS], None, [{"op": "encode", "method": "quantile_bins", "bins": 3}],
     [lambda: KBinsDiscretizer(n_bins=3, strategy="quantile", encode="ordinal", subsample=None)]),
    ("uniform bins of a constant", "f64", [[2.5] * 4], None, [{"op": "encode", "method": "uniform_bins", "bins": 4}],
     [lambda: KBinsDiscretizer(n_bins=4, strategy="uniform", encode="ordinal")]),
    ("quantile bins as columns", "i32", [[1, 2, 3, 4, 5, 50]], [[0, 3, 60, 5, 1, 2]],
     [{"op": "encode", "method": "quantile_bins", "bins": 3, "as": "one_hot"}],
     [lambda: KBinsDiscretizer(n_bins=3, strategy="quantile", encode="onehot-dense", subsample=None)]),
    ("standard", "f64", [AGES, TIES, [0.1] * 8], None, [{"op": "scale", "method": "standard"}],
     [lambda: StandardScaler()]),
    ("standard of f32", "f32", [AGES, TENTHS[:8], [0.1] * 8], None, [{"op": "scale", "method": "standard"}],
     [lambda: StandardScaler()]),
    ("standard of f16", "f16", [AGES], None, [{"op": "scale", "method": "standard"}], [lambda: StandardScaler()]),
    ("standard of i32 without the mean", "i32", [[1, 5, 9, -20]], None,
     [{"op": "scale", "method": "standard", "withMean": False}], [lambda: StandardScaler(with_mean=False)]),
    ("minimum and maximum", "f64", [AGES, [7.0] * 8], [[10.0, 90.0, NAN, 31.5], [7.0, 8.0, 6.0, NAN]],
     [{"op": "scale", "method": "min_max", "range": [-1, 2]}], [lambda: MinMaxScaler(feature_range=(-1, 2))]),
    ("minimum and maximum, clipped", "f32", [TENTHS], [[-5.0, 0.4, 1.7, 80.0]],
     [{"op": "scale", "method": "min_max", "clip": True}], [lambda: MinMaxScaler(clip=True)]),
    ("robust", "f64", [AGES, TIES, [0.0] * 7 + [9.0]], None, [{"op": "scale", "method": "robust"}],
     [lambda: RobustScaler()]),
    ("robust of f32 with other percentiles", "f32", [TENTHS], None,
     [{"op": "scale", "method": "robust", "percentiles": [10, 83.3]}],
     [lambda: RobustScaler(quantile_range=(10, 83.3))]),
    ("median, then standard", "f64", [AGES, TIES], None,
     [{"op": "impute", "method": "median"}, {"op": "scale", "method": "standard"}],
     [impute("median"), lambda: StandardScaler()]),
    ("most frequent, then one-hot", "text", [CITIES], None,
     [{"op": "impute", "method": "most_frequent"}, {"op": "encode", "method": "one_hot"}],
     [impute("most_frequent"), lambda: OneHotEncoder(sparse_output=False)]),
    ("long mean", "f64", LONG, None, [{"op": "impute", "method": "mean"}], [impute("mean")]),
    ("long mean of f32", "f32", LONG, None, [{"op": "impute", "method": "mean"}], [impute("mean")]),
    ("long mean of f16", "f16", {**LONG, "divisor": 9973}, None, [{"op": "impute", "method": "mean"}], [impute("mean")]),
    ("long standard", "f64", LONG, None, [{"op": "scale", "method": "standard"}], [lambda: StandardScaler()]),
    ("long standard of f32", "f32", LONG, None, [{"op": "scale", "method": "standard"}],
     [lambda: StandardScaler()]),
    ("long robust", "f64", LONG, None, [{"op": "scale", "method": "robust"}], [lambda: RobustScaler()]),
    ("long quantile bins", "f32", {**LONG, "holes": 20001}, None,
     [{"op": "encode", "method": "quantile_bins", "bins": 37}],
     [lambda: KBinsDiscretizer(n_bins=37, strategy="quantile", encode="ordinal", subsample=None)]),
]


def hashed(matrix, step):
    """FeatureHasher on one string a row."""
    signed = step.get("alternateSign", True)
    hasher = FeatureHasher(n_features=step["buckets"], input_type="string", alternate_sign=signed)
    return hasher.transform([[row[0]] for row in matrix]).toarray()


def answer(fit, apply, steps, estimators):
    """The result of one column: a matrix."""
    for step, make_estimator in zip(steps, estimators):
        if isinstance(make_estimator, str):
            return hashed(apply, step)
        estimator = make_estimator().fit(fit)
        fit, apply = estimator.transform(fit), estimator.transform(apply)
    return apply


def plain(values):
    """Values that JSON can hold."""
    return [value if value is None or isinstance(value, (str, int)) else
            "NaN" if np.isnan(value) else str(value).replace("inf", "Infinity") if np.isinf(value) else float(value)
            for value in values]


def described(matrix, is_long):
    """The columns of a result: their values or checksums, and their type."""
    kinds = {np.dtype(value): name for name, value in TYPES.items()}
    columns = []
    for column in matrix.T:
        kind = "text" if column.dtype == object else kinds[column.dtype]
        if is_long:
            stored = np.where(np.isnan(column), column.dtype.type(np.nan), column).astype(column.dtype.newbyteorder("<"))
            columns.append({"type": kind, "sha256": hashlib.sha256(stored.tobytes()).hexdigest()})
        else:
            columns.append({"type": kind, "values": plain(column.tolist())})
    return columns


def entry(name, kind, fit, apply, steps, estimators):
    """One case with its answer; all columns have the same type."""
    is_long = isinstance(fit, dict)
    columns = [generated(**fit)] if is_long else fit
    results, added = [], []
    for index, column in enumerate(columns):
        matrix = array(kind, column)
        other = matrix if apply is None else array(kind, apply[index])
        result = answer(matrix, other, steps, estimators)
        split = 1 if any(step.get("indicator") for step in steps) else result.shape[1]
        results += described(result[:, :split], is_long)
        added += described(result[:, split:], is_long)
    names = [f"c{index}" for index in range(len(columns))]
    return {
        "name": name, "type": kind,
        "fit": {"generate": fit} if is_long else {"columns": [plain(column) for column in columns]},
        "apply": None if apply is None else [plain(column) for column in apply],
        "steps": [{**step, "columns": names} for step in steps],
        "result": results + added,
    }


def compute():
    """No file of its own, and the manifest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        entries = [entry(*case) for case in CASES]
    versions = {"python": platform.python_version(), "numpy": np.__version__, "sklearn": sklearn.__version__}
    header = {"made_by": "tests/golden/tabular.py", "versions": versions}
    return {}, golden_files.manifest_text({"header": header, "entries": entries})


def main():
    """Parse the command line; the default run writes."""
    return golden_files.main("the answers of scikit-learn to the cases of kernels/tabular", MANIFEST, compute)


if __name__ == "__main__":
    sys.exit(main())
