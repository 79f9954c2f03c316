"""Files to deploy with: what can be checked without a Docker engine, and the alert rules by Prometheus' own tool.

The image has not been built here: there is no engine. What an engine would refuse or do wrong first is tested instead: stages,
files that are copied, the user, the command against the configuration's schema, and how the files agree with each other.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from support.monitoring import (
    DASHBOARD,
    DEPLOY,
    PROMETHEUS,
    alerts,
    dashboard,
    filled,
    metrics_of,
    queries,
    rules,
    tool,
)

from hw_trigger import __version__
from hw_trigger.config.compose import load_config

ROOT = DEPLOY.parent


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def compose() -> dict[str, Any]:
    document: dict[str, Any] = load(DEPLOY / "compose.yaml")
    return document


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions and what follows them, lines joined."""
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    return [
        (name, " ".join(rest.split())) for name, rest in (line.split(None, 1) for line in text.splitlines() if line)
    ]


def stages() -> dict[str, list[tuple[str, str]]]:
    """Return the instructions by stage."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for instruction, rest in instructions():
        if instruction == "FROM":
            name = rest.split(" AS ")[1]
        found.setdefault(name, []).append((instruction, rest))
    return found


def the(stage: str, instruction: str) -> str:
    """Return the argument of an instruction that a stage has once."""
    (found,) = [rest for name, rest in stages()[stage] if name == instruction]
    return found


# The image.


def test_the_image_has_two_stages_of_one_pinned_base() -> None:
    found = stages()
    assert list(found) == ["", "build", "service"]
    assert [rest for name, rest in instructions() if name == "FROM"] == [
        "python:${PYTHON} AS build",
        "python:${PYTHON} AS service",
    ]
    assert re.fullmatch(r"PYTHON=3\.11\.\d+-slim-bookworm", found[""][0][1])


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    copied = [rest.split()[:-1] for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    sources = {source.removeprefix("./") for line in copied for source in line}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert sources == allowed
    for source in sources:
        assert (ROOT / source).exists(), source
    assert (ROOT / ".dockerignore").read_text("utf-8").splitlines()[1] == "*"


def test_the_build_needs_no_other_file_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    needed = {project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml", "constraints.txt"}
    needed |= {Path(file).parts[0] for files in project["tool"]["setuptools"]["data-files"].values() for file in files}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert needed <= allowed


def test_packages_are_those_of_the_constraints() -> None:
    (install,) = [rest for name, rest in stages()["build"] if name == "RUN" and "pip install" in rest]
    assert "--constraint constraints.txt" in install
    assert install.endswith('".[serve]"')
    assert the("build", "ARG") == "TORCH_INDEX=https://download.pytorch.org/whl/cpu"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["serve"]]
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {Requirement(line).name.lower().replace("_", "-") for line in lines if line and not line.startswith("#")}
    missing = {Requirement(line).name.lower().replace("_", "-") for line in wanted} - pinned
    assert not missing
    assert any(re.fullmatch(r"torch==[\d.]+", line) for line in lines)


def test_the_service_runs_as_a_user_without_a_name_to_log_in_with() -> None:
    service = stages()["service"]
    assert the("service", "USER") == "10001:10001"
    after = service[[name for name, _ in service].index("USER") :]
    assert not {"RUN", "COPY", "ADD"} & {name for name, _ in after}
    (created,) = [rest for name, rest in service if name == "RUN"]
    assert "--uid 10001" in created
    assert "/usr/sbin/nologin" in created
    assert "--owner 10001" in created
    assert "/state" in created


def test_no_secret_and_nothing_from_elsewhere_is_put_into_the_image() -> None:
    for name, rest in instructions():
        assert name != "ADD"
        assert not re.search(r"password|secret|token|api_?key|curl|wget", rest, re.IGNORECASE), rest


def test_the_image_starts_the_service_with_a_valid_configuration() -> None:
    import json

    assert json.loads(the("service", "ENTRYPOINT")) == ["hw-trigger", "serve"]
    config = load_config(json.loads(the("service", "CMD")))
    assert (config.serve.host, config.serve.state, config.paths.models) == ("0.0.0.0", Path("/state"), Path("/models"))
    assert the("service", "EXPOSE") == str(config.serve.port)
    assert the("service", "STOPSIGNAL") == "SIGTERM"
    assert f"127.0.0.1:{config.serve.port}/ready" in the("service", "HEALTHCHECK")
    assert json.loads(the("service", "VOLUME")) == ["/state"]


# Compose.


def test_the_compose_file_keeps_the_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(DEPLOY / "compose.yaml")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_services_are_pinned_confined_and_watched() -> None:
    services = compose()["services"]
    assert set(services) == {"hw-trigger", "prometheus", "grafana"}
    for name, service in services.items():
        assert re.fullmatch(r"[\w/-]+:v?\d+\.\d+\.\d+", service["image"]), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
    assert services["hw-trigger"]["image"] == f"hw-trigger:{__version__}"


def test_mounts_exist_are_read_only_or_are_named_volumes() -> None:
    document = compose()
    used = set()
    for service in document["services"].values():
        for mount in service["volumes"]:
            source, target, *mode = mount.split(":")
            assert target.startswith("/")
            if source.startswith("."):
                assert (DEPLOY / source).exists(), mount
                assert mode == ["ro"], mount
            else:
                used.add(source)
                assert not mode, mount
    assert used == set(document["volumes"])


def test_ports_agree() -> None:
    services = compose()["services"]
    for service in services.values():
        for published in service["ports"]:
            _, outside, inside = published.split(":")
            assert outside == inside
    ports = {name: service["ports"][0].rsplit(":", 1)[1] for name, service in services.items()}
    for name, port in ports.items():
        assert f"127.0.0.1:{port}/" in services[name]["healthcheck"]["test"][-1]
    assert ports["hw-trigger"] == the("service", "EXPOSE")


def test_the_service_in_compose_is_the_image_s() -> None:
    import json

    service = compose()["services"]["hw-trigger"]
    build = service["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    assert service["command"] == json.loads(the("service", "CMD"))
    mounted = {mount.split(":")[1] for mount in service["volumes"]}
    assert mounted == {"/models", "/state"}
    health = service["healthcheck"]
    options, _, command = the("service", "HEALTHCHECK").partition(" CMD ")
    assert json.loads(command) == health["test"][1:]
    assert options == (
        f"--interval={health['interval']} --timeout={health['timeout']} "
        f"--start-period={health['start_period']} --retries={health['retries']}"
    )


def test_no_password_is_in_the_file() -> None:
    environment = compose()["services"]["grafana"]["environment"]
    assert environment["GF_SECURITY_ADMIN_PASSWORD"].startswith("${GRAFANA_PASSWORD:?")


# Prometheus.


def test_prometheus_scrapes_the_services_by_name() -> None:
    config, services = load(PROMETHEUS / "prometheus.yml"), compose()["services"]
    jobs = {job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]}
    host, port = jobs["hw-trigger"][0].split(":")
    assert services[host]["ports"][0].endswith(f":{port}")
    mounted = dict(mount.split(":")[:2] for mount in services["prometheus"]["volumes"])
    places = {Path(place).name: DEPLOY / source for source, place in mounted.items()}
    assert f"--config.file={mounted['./prometheus/prometheus.yml']}" in services["prometheus"]["command"]
    assert f"--storage.tsdb.path={mounted['prometheus-data']}" in services["prometheus"]["command"]
    for file in config["rule_files"]:  # beside the configuration, inside as outside
        assert places[file].resolve() == PROMETHEUS / file


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "--lint=all", "--lint-fatal", "alerts.yml"),
        ("test", "rules", "alerts_test.yml", "alerts_day_test.yml"),
    ],
    ids=["config", "rules", "unit tests of the rules"],
)
def test_promtool_finds_nothing(arguments: tuple[str, ...]) -> None:
    done = subprocess.run([tool("promtool"), *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_firing_and_silent() -> None:
    firing: set[str] = set()
    silent: set[str] = set()
    tests = [test for file in PROMETHEUS.glob("*_test.yml") for test in load(file)["tests"]]
    for test in tests:
        for case in test["alert_rule_test"]:
            (firing if case["exp_alerts"] else silent).add(case["alertname"])
            if len(test["input_series"]) > len(case["exp_alerts"]) > 0:
                silent.add(case["alertname"])  # other series of the same test are near, and do not fire it
    assert firing == set(alerts())
    assert silent == set(alerts())


def test_alerts_say_what_is_wrong_and_how_bad_it_is() -> None:
    assert set(alerts()) == {
        "HwTriggerDisagreement",
        "HwTriggerDown",
        "HwTriggerErrors",
        "HwTriggerModelChanged",
        "HwTriggerNotReady",
        "HwTriggerQueueFull",
        "HwTriggerRateUnusual",
        "HwTriggerSaturated",
        "HwTriggerShadowDropped",
        "HwTriggerSlow",
        "HwTriggerWorkerRestarts",
    }
    for name, rule in alerts().items():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}, name
        assert set(rule["annotations"]) == {"summary", "description"}, name


# Grafana.


def test_grafana_is_given_its_source_and_its_dashboard() -> None:
    services = compose()["services"]
    provisioning = DEPLOY / "grafana" / "provisioning"
    (source,) = load(provisioning / "datasources" / "prometheus.yml")["datasources"]
    host, port = re.fullmatch(r"http://([\w-]+):(\d+)", source["url"]).groups()  # type: ignore[union-attr]
    assert services[host]["ports"][0].endswith(f":{port}")
    (provider,) = load(provisioning / "dashboards" / "hw_trigger.yml")["providers"]
    mounted = {place: DEPLOY / path for path, place in (m.split(":")[:2] for m in services["grafana"]["volumes"])}
    assert mounted[provider["options"]["path"]].resolve() == DASHBOARD.parent
    assert mounted["/etc/grafana/provisioning"].resolve() == provisioning
    home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/{DASHBOARD.name}"
    uses = [panel["datasource"] for panel in dashboard()["panels"] if "datasource" in panel]
    uses += [target["datasource"] for panel in dashboard()["panels"] for target in panel.get("targets", [])]
    uses += [variable["datasource"] for variable in dashboard()["templating"]["list"]]
    assert {(use["uid"], use["type"]) for use in uses} == {(source["uid"], source["type"])}


def test_the_dashboard_has_its_rows_and_every_panel_a_place_of_its_own() -> None:
    panels = dashboard()["panels"]
    titles = [panel["title"] for panel in panels if panel["type"] == "row"]
    assert titles == ["Traffic", "Latency by variant", "Queue", "Detection", "A/B", "Process"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        cells = set(itertools.product(columns, range(place["y"], place["y"] + place["h"])))
        assert columns.stop <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"], panel["title"]
            assert panel["targets"], panel["title"]


def test_the_dashboard_s_expressions_can_be_parsed(tmp_path: Path) -> None:
    """As rules, which promtool parses without a server; test_prometheus asks a server for their values."""
    found = queries()
    assert len(found) >= 25
    assert not [query for query in found if "$" in query.expression]
    document = {
        "groups": [{"name": "g", "rules": [{"record": f"r{i}", "expr": q.expression} for i, q in enumerate(found)]}]
    }
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(document), "utf-8")
    command = [tool("promtool"), "check", "rules", "--lint=none", str(tmp_path / "rules.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_s_variables_are_all_used() -> None:
    document = dashboard()
    text = "".join(query.written for query in queries())
    for variable in document["templating"]["list"]:
        assert f"${variable['name']}" in text
        assert "$" not in filled(document, variable["query"]["query"])


def test_the_dashboard_and_the_rules_use_metrics_that_the_service_has() -> None:
    """test_prometheus looks for their series; here, that no name is misspelt, also without Prometheus."""
    from hw_trigger.service.metrics import Metrics

    families = list(Metrics().registry.collect())
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
    known = {family.name + suffix for family in families for suffix in suffixes.get(family.type, ())}
    known |= {"up"} | {rule["record"] for rule in rules() if "record" in rule}
    expressions = [query.expression for query in queries()] + [rule["expr"] for rule in rules()]
    used = set().union(*map(metrics_of, expressions))
    assert used <= known
    ours = {family.name for family in families if family.name.startswith("hwt_")}
    names = " ".join(used)
    assert {name for name in ours if name not in names} == set()  # and what the service tells is shown or watched


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("sum by (route, code) (rate(hwt_requests_total{job=\"up_x\"}[1m]))", {"hwt_requests_total"}),
        ('up{job="hw-trigger"} == 0 or absent(up{job="hw-trigger"})', {"up"}),
        ("avg_over_time(model:hwt_trigger_share:rate15m{a=\"b\"}[1d])", {"model:hwt_trigger_share:rate15m"}),
        ("process_open_fds / python_gc_collections_total", {"process_open_fds", "python_gc_collections_total"}),
    ],
)  # fmt: skip
def test_names_of_metrics_are_found(expression: str, names: set[str]) -> None:
    assert metrics_of(expression) == names
