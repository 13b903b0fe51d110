"""What the package itself exports, and that settings can import its client."""

import subprocess
import sys

import pytest

import search
from search.mapping.base import VersionedDocument


def test_it_exports_the_document() -> None:
    assert search.VersionedDocument is VersionedDocument
    with pytest.raises(AttributeError, match="module 'search' has no attribute 'Document'"):
        search.Document  # noqa: B018


def test_settings_can_import_the_node_before_django_is_configured() -> None:
    code = "from search.client.node import DeadlineNode; from django.conf import settings; print(settings.configured)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.returncode) == ("False\n", 0), ran.stderr
