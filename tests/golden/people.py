#!/usr/bin/python3
"""Make or check people.json: what scikit-learn makes of people.csv and people_new.csv in examples/.

Both files have holes; the second one has a category that the first one lacks. The transformers are those that
people_steps.json names, fitted to people.csv, each to one column. The test of the command line compares the files that
`offload clean` writes. Numbers are written by repr; text columns are left out.

It needs the Debian package python3-sklearn, and those of make.py.
"""

import argparse
import csv
import sys
import warnings

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler,
)

import make

MANIFEST = make.HERE / "people.json"
EXAMPLES = make.HERE.parents[1] / "examples"
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
    """The manifest: columns of each file's result by name."""
    train = read("people.csv")
    files = {}
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
    return {"header": {"made_by": "tests/golden/people.py"}, "files": files}


def main():
    """Parse the command line; the default run writes."""
    parser = argparse.ArgumentParser(
        description="Write people.json, what scikit-learn makes of people.csv and people_new.csv (the default), or "
        "check it.",
        epilog="exit status: 0 when written or the same, 1 when --check finds a difference",
    )
    parser.add_argument("--check", action="store_true", help="write nothing: recompute everything and compare it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = make.json.dumps(compute(), ensure_ascii=False, indent=1) + "\n"
    if not parser.parse_args().check:
        MANIFEST.write_text(text, encoding="utf-8")
        print(f"wrote {MANIFEST.name}")
        return 0
    same = MANIFEST.exists() and MANIFEST.read_text(encoding="utf-8") == text
    print(f"{int(same)} of 1 files are as recomputed" if same else f"{MANIFEST.name}: differs")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
