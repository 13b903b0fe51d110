"""What runs inside the other project of tests/test_another_project.py."""
