"""docker-compose.yml: no default passwords, no open ports, and services that wait for their dependencies."""

import re

import pytest
from ruamel.yaml import YAML

from tools.paths import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = YAML(typ="safe").load(TEXT)
SERVICES = COMPOSE["services"]


def test_the_services():
    assert set(SERVICES) == {"elasticsearch", "postgres", "migrate", "web", "relay"}
    assert SERVICES["elasticsearch"]["image"] == "elasticsearch:8.19.8"
    assert SERVICES["postgres"]["image"] == "postgres:17"


@pytest.mark.parametrize("name", ["ELASTIC_PASSWORD", "POSTGRES_PASSWORD", "DJANGO_SECRET_KEY"])
def test_a_secret_has_no_default(name):
    uses = re.findall(rf"\$\{{{name}(.*?)\}}", TEXT)
    assert uses
    assert all(use.startswith(":?") for use in uses)


def test_every_port_is_on_loopback():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert sorted(ports) == ["127.0.0.1:5432:5432", "127.0.0.1:8000:8000", "127.0.0.1:9200:9200"]


def test_servers_have_health_checks_and_keep_their_data():
    for name in ("elasticsearch", "postgres"):
        assert SERVICES[name]["healthcheck"]["test"]
        volume, _, _ = SERVICES[name]["volumes"][0].partition(":")
        assert volume in COMPOSE["volumes"]
    assert SERVICES["web"]["healthcheck"]["test"]


def test_each_waits_for_what_it_needs():
    assert {name: condition["condition"] for name, condition in SERVICES["migrate"]["depends_on"].items()} == {
        "postgres": "service_healthy",
        "elasticsearch": "service_healthy",
    }
    for name in ("web", "relay"):
        assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_the_engine_is_closed_without_its_password():
    assert SERVICES["elasticsearch"]["environment"]["xpack.security.enabled"] == "true"


def test_the_service_runs_with_debug_off_and_without_root():
    for name in ("migrate", "web", "relay"):
        assert SERVICES[name]["environment"]["DJANGO_DEBUG"] == "off"
    assert "\nUSER service\n" in (ROOT / "Dockerfile").read_text()


def test_no_secret_file_gets_into_the_image():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    assert not any(".env" in line for line in lines[2:])


def test_all_that_is_copied_into_the_image_is_let_through():
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    copied_names = {name for names in copied for name in names.split()}
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert copied_names == {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert all((ROOT / name).exists() for name in copied_names)
