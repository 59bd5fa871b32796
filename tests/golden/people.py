#!/usr/bin/python3
"""Make or check people.json: what scikit-learn makes of people.csv and people_new.csv in examples/.

Both files have holes; the second one has a category that the first one lacks. The transformers are those that
people_steps.json names, fitted to people.csv, each to one column. The test of the command line compares the files that
`offload clean` writes. Numbers are written by repr; text columns are left out.

It needs the Debian package python3-sklearn, and those of make.py.
"""

import csv
import json
import sys
import warnings

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler,
)

import golden_files
import make

MANIFEST = golden_files.HERE / "people.json"
EXAMPLES = golden_files.HERE.parents[1] / "examples"
MISSING = {"", "NA", "NaN"}


def read(name):
    """The columns of a CSV file; missing fields are NaN."""
    with open(EXAMPLES / name, encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return {key: [np.nan if row[at] in MISSING else row[at] for row in rows] for at, key in enumerate(head)}


def numbers(values):
    """A matrix of one column of f64."""
    return np.array([float(value) for value in values]).reshape(-1, 1)


def texts(values):
    """A matrix of one column of strings."""
    return np.array(values, dtype=object).reshape(-1, 1)


# Columns of the result in order: name, input, its kind, transformer. Marks of missing values come last.
STEPS = [
    ("age", numbers, make_pipeline(SimpleImputer(strategy="median"), StandardScaler())),
    ("income", numbers, make_pipeline(SimpleImputer(strategy="mean"), MinMaxScaler(clip=True))),
    ("city", texts, make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))),
    ("grade", texts, make_pipeline(
        SimpleImputer(strategy="most_frequent"), OrdinalEncoder(categories=[["poor", "fair", "good"]]))),
    ("height", numbers, make_pipeline(
        SimpleImputer(strategy="constant", fill_value=1.7), KBinsDiscretizer(4, encode="ordinal", strategy="quantile"))),
    ("score", numbers, make_pipeline(SimpleImputer(strategy="median"), RobustScaler())),
]


def compute():
    """No file of its own, and the manifest: columns of each file's result by name."""
    train = read("people.csv")
    files = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("people.csv", "people_new.csv"):
            data = read(name)
            columns = {}
            for key, matrix, steps in STEPS:
                steps.fit(matrix(train[key]))
                result = steps.transform(matrix(data[key]))
                result = result.toarray() if hasattr(result, "toarray") else result
                names = [key]
                if key == "city":
                    names = [f"city_{category}" for category in steps[-1].categories_[0]]
                for at, each in enumerate(names):
                    columns[each] = [float(value) for value in result[:, at]]
            for key in ("age", "score"):
                columns[f"{key}_missing"] = [float(value is np.nan) for value in data[key]]
            files[name] = columns
    manifest = {"header": {"made_by": "tests/golden/people.py"}, "files": files}
    return {}, json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"


def main():
    """Parse the command line; the default run writes."""
    return golden_files.main("what scikit-learn makes of people.csv and people_new.csv", MANIFEST, compute)


if __name__ == "__main__":
    sys.exit(main())
