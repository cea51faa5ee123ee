"""Whether the dashboard and the alert rules speak of what GET /metrics serves.

    metric_names.py http://127.0.0.1:8080

Compares names of metrics, names of labels, and the values that labels are compared with. The last line
says "N passed, N failed".
"""

import json
import re
import sys
import urllib.request
from pathlib import Path

CONFIG = Path(__file__).resolve().parents[1] / "config"

# What Prometheus itself adds to what it scrapes.
OF_PROMETHEUS = {"up": {}}
LABELS_OF_PROMETHEUS = {"job", "instance"}

SAMPLE = re.compile(r"^([a-z_]+)(?:\{(.*)\})? \S+$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
MATCHER = re.compile(r'(\w+)(=~|!=|!~|=)"([^"]*)"')
SELECTOR = re.compile(r"\b([a-z_]+)\b(?:\{([^}]*)\})?(?!\s*\()")
WORDS = {"by", "or", "le"}


def served(page):
    """{metric: {label: its values}}"""
    metrics = {}
    for name, labels in SAMPLE.findall(page):
        known = metrics.setdefault(name, {})
        for label, value in LABEL.findall(labels):
            known.setdefault(label, set()).add(value)
    return metrics


def selectors(expression):
    """(metric, [(label, operator, value)]) for each metric that a PromQL expression names."""
    without_ranges = re.sub(r"\[[^]]*\]", "", expression)
    bare = re.sub(r"\bby \([^)]*\)", "", without_ranges)
    for name, matchers in SELECTOR.findall(bare):
        if name not in WORDS:
            yield name, MATCHER.findall(matchers)


def trouble_with(metrics, expression):
    """What is wrong with an expression: a list of sentences."""
    found = []
    for name, matchers in selectors(expression):
        if name not in metrics:
            found.append(f"there is no metric {name}")
            continue
        labels = metrics[name]
        for label, operator, value in matchers:
            if label in LABELS_OF_PROMETHEUS:
                continue
            if label not in labels:
                found.append(f"{name} has no label {label}")
            elif operator in ("=", "!=") and value not in labels[label]:
                found.append(f'{name} is never served with {label}="{value}"')
    return found


def of_dashboard():
    dashboard = json.loads((CONFIG / "grafana-dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield f'panel "{panel["title"]}"', target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            values = re.fullmatch(r"label_values\((.*), \w+\)", variable["query"]["query"])
            yield f'variable "{variable["name"]}"', values[1]


def of_alerts():
    text = (CONFIG / "alerts.yml").read_text()
    rule = re.compile(r"- alert: (\w+)\n\s+expr: (?:\|\n)?(.*?)\n\s+(?:for|labels):", re.DOTALL)
    for name, expression in rule.findall(text):
        yield f"alert {name}", expression
    assert text.count("- alert:") == len(rule.findall(text)), "every rule is read"


def main():
    with urllib.request.urlopen(f"{sys.argv[1]}/metrics", timeout=30) as answer:
        metrics = served(answer.read().decode()) | OF_PROMETHEUS
    passed = failed = 0
    for place, expression in [*of_dashboard(), *of_alerts()]:
        assert list(selectors(expression)), f"{place} names a metric"
        wrong = trouble_with(metrics, expression)
        passed, failed = passed + (not wrong), failed + bool(wrong)
        for sentence in wrong:
            print(f"not ok - {place}: {sentence}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
