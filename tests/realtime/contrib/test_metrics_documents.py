"""The table, the dashboard and the alert rules name the metrics that there are, and no others."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from realtime.contrib.metrics.collector import UP
from realtime.counters import ALL
from realtime.metric_kinds import Gauge

DOCS = Path(__file__).parents[3] / "docs"
DASHBOARD = DOCS / "grafana-dashboard.json"
RULES = DOCS / "alert-rules.yml"
EXISTING = {metric.name: metric for metric in (*ALL, Gauge(UP, "", ""))}


def table():
    """Return the rows of the table: the cells by the name of the metric."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (DOCS / "metrics.md").read_text().splitlines()
        if line.startswith("| `realtime_")
    ]
    return {name.strip("`"): cells for name, *cells in rows}


def named(text):
    """Return the metrics that a text names, whatever part of a histogram it is."""
    names = re.findall(r"\brealtime_\w+", text)
    return {re.sub(r"(_seconds)_(bucket|sum|count)$", r"\1", name) for name in names}


def expressions():
    """Return what each panel of the dashboard asks for, with Grafana's variables filled in."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    found = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    return [one.replace("$__rate_interval", "5m").replace("$instance", ".*") for one in found]


def test_the_table_has_each_metric_with_its_type_and_label():
    assert table().keys() == EXISTING.keys()
    for name, (kind, label, unit, meaning, _) in table().items():
        metric = EXISTING[name]
        assert (kind, label.strip("`")) == (metric.kind, metric.label), name
        assert unit and meaning
        assert name.endswith("_seconds") == (unit == "seconds"), name


@pytest.mark.parametrize("path", [DASHBOARD, RULES], ids=lambda path: path.name)
def test_dashboard_and_rules_name_only_metrics_that_exist(path):
    used = named(path.read_text())
    assert used and used <= EXISTING.keys()


def test_the_dashboard_shows_every_metric_and_no_panel_lies_on_another():
    assert named(" ".join(expressions())) == EXISTING.keys()
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for at in [panel["gridPos"]]
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(set(cells)) == len(cells) and max(x for x, _ in cells) == 23


def test_labels_in_expressions_are_those_of_their_metrics():
    """A selector or a ``by`` with a label that no metric of the expression has finds nothing."""
    for expression in [
        *expressions(),
        *re.findall(r"expr: (?:>-\n)?(.*?)\n *(?:for|labels):", RULES.read_text(), re.S),
    ]:
        labels = {EXISTING[name].label for name in named(expression)}
        used = {
            label.strip()
            for group in re.findall(r"by \((.*?)\)", expression)
            for label in group.split(",")
        } | set(re.findall(r"(\w+)!?=~?\"", expression))
        assert used <= labels | {"instance", "process", "le"}, expression


PROMTOOL = shutil.which("promtool")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_prometheus_reads_the_rules_and_what_the_dashboard_asks_for(tmp_path):
    rules = [{"record": f"panel:{n}", "expr": one} for n, one in enumerate(expressions())]
    panels = tmp_path / "panels.yml"
    panels.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    checked = subprocess.run(
        [PROMTOOL, "check", "rules", RULES, panels], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_alerts_come_for_what_they_are_for_and_not_for_a_quiet_day(tmp_path):
    tests = tmp_path / "tests.yml"
    tests.write_text(json.dumps({"rule_files": [str(RULES)], "tests": [quiet_day(), bad_day()]}))
    tested = subprocess.run(
        [PROMTOOL, "test", "rules", tests], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr


def alerts():
    return re.findall(r"alert: (\w+)", RULES.read_text())


def series(name, values, **labels):
    named_labels = ",".join(
        f'{key}="{value}"' for key, value in {"instance": "a", **labels}.items()
    )
    return {"series": f"{name}{{{named_labels}}}", "values": values}


def quiet_day():
    """Some sockets come and go, one is refused now and then, and events are quick."""
    return {
        "interval": "1m",
        "input_series": [
            series("realtime_layer_up", "1x60", process="p"),
            series("realtime_log_up", "1x60", process="p"),
            series("realtime_process_up", "1x60", process="p"),
            series("realtime_sockets_open", "200x60", process="p"),
            series("realtime_sockets_opened_total", "0+20x60", process="p"),
            series("realtime_sockets_closed_total", "0+1x60", process="p", reason="stale"),
            series("realtime_handshakes_refused_total", "0+2x60", process="p", reason="expired"),
            series("realtime_events_broadcast_total", "0+600x60", process="p", result="sent"),
            series("realtime_holes_repaired_total", "0+3x60", process="p"),
            series("realtime_heartbeats_late_total", "0x60", process="p"),
            series("realtime_resets_total", "0x60", process="p"),
            series("realtime_calls_waiting", "0 3 0 0 0 2 0x54", process="p", pool="log"),
            *histogram("realtime_event_handout_seconds", "0.01", since="commit"),
            *histogram("realtime_latency_seconds", "0.05"),
            *histogram("realtime_command_seconds", "0.1", command="subscribe"),
        ],
        "alert_rule_test": [
            {"eval_time": "60m", "alertname": name, "exp_alerts": []} for name in alerts()
        ],
    }


def bad_day():
    """All that there is an alert for."""
    p = {"process": "p"}
    return {
        "interval": "1m",
        "input_series": [
            series("realtime_layer_up", "0x60", **p),
            series("realtime_log_up", "0x60", **p),
            series("realtime_process_up", "0x60", **p),
            series("realtime_sockets_open", "200x60", **p),
            series("realtime_sockets_opened_total", "0+20x60", **p),
            series("realtime_sockets_closed_total", "0+20x60", reason="stale", **p),
            series("realtime_handshakes_refused_total", "0+30x60", reason="expired", **p),
            series("realtime_events_broadcast_total", "0+6x60", result="failed", **p),
            series("realtime_holes_repaired_total", "0+3x60", **p),
            series("realtime_heartbeats_late_total", "0+1x60", **p),
            series("realtime_resets_total", "0+10x60", **p),
            series("realtime_calls_waiting", "3x60", pool="log", **p),
            *histogram("realtime_event_handout_seconds", "5", since="commit"),
            *histogram("realtime_latency_seconds", "2"),
            *histogram("realtime_command_seconds", "5", command="subscribe"),
        ],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}})',
                "eval_time": "60m",
                "exp_samples": [{"value": 1}],
            }
            for name in alerts()
        ],
    }


def histogram(name, upper, **labels):
    """Return a histogram in which all took as long as the bucket below ``upper``, in seconds."""
    below = series(f"{name}_bucket", "0x60", process="p", le="0.005", **labels)
    return [
        below,
        series(f"{name}_bucket", "0+60x60", process="p", le=upper, **labels),
        series(f"{name}_bucket", "0+60x60", process="p", le="+Inf", **labels),
    ]
