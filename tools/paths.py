"""The folder of the checkout, from which every tool runs."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
