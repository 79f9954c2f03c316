"""Debian's Prometheus scrapes the service itself, with the configuration that is deployed but for addresses and intervals."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from support.monitoring import PROMETHEUS, alerts, metrics_of, queries, rules, tool
from support.service import small_bundle

from hw_trigger import __version__
from hw_trigger.bundle.bundle import Bundle
from hw_trigger.service.process import ServiceProcess, service_process

VARIANTS = ("integer", "onnx", "float32", "int8-dynamic")
WINDOWS = 70
SAMPLES = 40


@dataclass(frozen=True)
class Watched:
    """A service with traffic behind it, and a Prometheus that watches it."""

    bundle: Bundle
    service: ServiceProcess
    url: str

    def get(self, path: str, **parameters: str) -> Any:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=10).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("query", query=expression)["result"]
        return found

    def value(self, expression: str) -> float:
        (one,) = self.query(expression)
        return float(one["value"][1])


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    program = tool("prometheus")
    root = tmp_path_factory.mktemp("prometheus")
    bundle = small_bundle(root)
    settings = (f"paths.models={root / 'models'}", "serve.experiment={variant: float32}")
    with service_process(root / "service.log", *settings) as service:
        port = free_port()
        write_configuration(root, service.url.removeprefix("http://"), port)
        with (root / "prometheus.log").open("wb") as log:
            command = [program, f"--config.file={root / 'prometheus.yml'}", f"--storage.tsdb.path={root / 'data'}"]
            process = subprocess.Popen(
                [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=subprocess.STDOUT
            )
        try:
            found = Watched(bundle, service, f"http://127.0.0.1:{port}")
            until(lambda: ready(found), "Prometheus is up", process, root / "prometheus.log")
            # Between scrapes, so that rates have two values to be made of.
            until(lambda: found.query('hwt_ready{job="hw-trigger"}'), "the service is scraped")
            traffic(service.url, bundle)
            windows = len(VARIANTS) * WINDOWS
            until(lambda: scraped(found, windows), "its traffic is scraped")
            until(lambda: found.query("model:hwt_disagreement_share:rate15m"), "the rules are evaluated")
            yield found
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_configuration(root: Path, target: str, port: int) -> None:
    """Write the deployed configuration with other addresses, and a second for each of its intervals."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))
    config["global"] = dict.fromkeys(config["global"], "1s")
    config["rule_files"] = [str(PROMETHEUS / name) for name in config["rule_files"]]
    places = {"hw-trigger": target, "prometheus": f"127.0.0.1:{port}"}
    for job in config["scrape_configs"]:
        job["static_configs"][0]["targets"] = [places[job["job_name"]]]
    (root / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")


def traffic(url: str, bundle: Bundle) -> None:
    """Score windows with each variant, push samples of which half are far beyond the format, and make a mistake."""
    steps = bundle.program.steps
    ramp = [[index / steps] for index in range(steps)]
    for variant in VARIANTS:
        document = {"windows": [ramp] * WINDOWS, "variant": variant}
        requests.post(f"{url}/v1/score", json=document, timeout=60).raise_for_status()
    samples = [[1e6 if index % 2 else 0.25] for index in range(SAMPLES)]
    requests.post(f"{url}/v1/stream/P-1", json={"samples": samples, "first": 0}, timeout=60).raise_for_status()
    assert requests.post(f"{url}/v1/score", json={"windows": "none"}, timeout=60).status_code == 422


def ready(watched: Watched) -> bool:
    try:
        return requests.get(f"{watched.url}/-/ready", timeout=2).ok
    except requests.ConnectionError:
        return False


def scraped(watched: Watched, windows: int) -> bool:
    """Tell whether all answered windows were seen, in two scrapes, and the comparison, which comes after the answers."""
    total = watched.query("sum(hwt_windows_total) > 0 and min(count_over_time(hwt_windows_total[1m])) >= 2")
    compared = watched.query("sum(hwt_divergence_count) > 0 and sum(rate(hwt_divergence_count[1m])) > 0")
    return bool(compared) and bool(total) and float(total[0]["value"][1]) >= windows


def until(
    condition: Callable[[], object],
    what: str,
    process: subprocess.Popen[bytes] | None = None,
    log: Path | None = None,
) -> None:
    for _ in range(600):
        if condition():
            return
        if process is not None and log is not None and process.poll() is not None:
            pytest.fail(f"{what}: ended with {process.returncode}: {log.read_text()}")
        time.sleep(0.1)
    pytest.fail(f"not in time: {what}")


def test_the_counts_are_those_of_the_traffic(watched: Watched) -> None:
    steps = watched.bundle.program.steps
    name = watched.bundle.path.name
    streamed = SAMPLES - steps + 1
    for variant in VARIANTS:
        expected = WINDOWS + (streamed if variant == "integer" else 0)
        assert watched.value(f'hwt_windows_total{{model="{name}", variant="{variant}"}}') == expected
        assert watched.value(f'hwt_score_bucket{{model="{name}", variant="{variant}", le="+Inf"}}') == expected
    assert watched.value("hwt_samples_total") == len(VARIANTS) * WINDOWS * steps + SAMPLES
    assert watched.value("hwt_saturated_samples_total") == SAMPLES / 2
    assert watched.value('hwt_requests_total{route="/v1/score", code="200"}') == len(VARIANTS)
    assert watched.value('hwt_requests_total{route="/v1/score", code="422"}') == 1
    assert watched.value("hwt_ready") == 1
    assert watched.value("hwt_streams") == 1


def test_the_model_is_named_by_its_hash(watched: Watched) -> None:
    (info,) = watched.query("hwt_model_info")
    assert info["metric"]["sha256"] == watched.bundle.manifest.program_sha256
    assert info["metric"]["model"] == watched.bundle.path.name
    assert info["metric"]["version"] == __version__


def test_every_metric_of_the_dashboard_and_the_rules_exists(watched: Watched) -> None:
    known = set(watched.get("label/__name__/values"))
    used = {name for query in queries() for name in metrics_of(query.expression)}
    used |= {name for rule in rules() for name in metrics_of(rule["expr"])}
    assert len(used) > 25
    assert used <= known


def test_every_panel_shows_something(watched: Watched) -> None:
    """All but the alerts, of which none fires, and what looks back on a day."""
    empty = {query.written for query in queries() if not watched.query(query.expression)}
    assert empty == {query.written for query in queries() if query.written.startswith(("ALERTS{", "avg_over_time("))}


def test_the_rules_are_evaluated_without_errors(watched: Watched) -> None:
    found = {rule["name"]: rule for group in watched.get("rules")["groups"] for rule in group["rules"]}
    assert set(found) == {rule.get("alert", rule.get("record")) for rule in rules()}
    for name, rule in found.items():
        assert (rule["health"], rule.get("lastError")) == ("ok", None), name
    pending = {name for name in alerts() if found[name]["state"] != "inactive"}
    assert "HwTriggerSaturated" in pending or watched.value("model:hwt_saturated_share:rate15m") <= 0.05
    assert not pending - {"HwTriggerSaturated", "HwTriggerDisagreement"}  # this network is hardly trained


def test_the_openmetrics_text_is_what_is_scraped(watched: Watched) -> None:
    assert watched.value('up{job="hw-trigger"}') == 1
    (target,) = [one for one in watched.get("targets")["activeTargets"] if one["labels"]["job"] == "hw-trigger"]
    assert (target["health"], target["lastError"]) == ("up", "")
    accept = {"Accept": "application/openmetrics-text;version=1.0.0"}
    answer = requests.get(f"{watched.service.url}/metrics", headers=accept, timeout=10)
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


def test_a_killed_service_is_noticed(watched: Watched) -> None:
    """The last test of this file: the service is gone behind it."""
    watched.service.process.kill()
    until(lambda: watched.query('up{job="hw-trigger"} == 0'), "it is down")
    until(lambda: watched.query('ALERTS{alertname="HwTriggerDown"}'), "the alert waits for its minute")
    assert watched.query('ALERTS{alertname="HwTriggerDown"}')[0]["metric"]["severity"] == "critical"
