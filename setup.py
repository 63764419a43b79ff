"""Puts what a site is built from into the wheel, so that `moocmap init` has it wherever moocmap is installed.

All else about the package stands in pyproject.toml. An editable install uses the checkout's own files.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

TARGET = Path("moocmap", "starter_site")
"""Known to `moocmap.starter`."""


class BuildWithSite(build_py):
    """Copies `mkdocs.yml` and the general parts of `site/` beside the modules."""

    def run(self):
        """Build the modules, then add the site's source."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / TARGET
        shutil.rmtree(target, ignore_errors=True)
        for part in ("assets", "locales", "scripts", "templates", "theme"):
            shutil.copytree(Path("site", part), target / "site" / part)
        shutil.copyfile("mkdocs.yml", target / "mkdocs.yml")


setup(cmdclass={"build_py": BuildWithSite})
