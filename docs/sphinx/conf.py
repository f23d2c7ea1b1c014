# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Sphinx shows the docsite that `make docs` builds."""

project = "edgecloud.nic"
copyright = "edgecloud.nic contributors"
html_title = "edgecloud.nic"

extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
pygments_style = "ansible"
highlight_language = "yaml+jinja"
html_use_index = False
html_copy_source = False

# Nothing is fetched: noxfile.py packs ansible.inv.txt, which lists what is referred to and nothing else.
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/projects/ansible/latest/", "../ansible.inv")}
nitpicky = True
default_role = "any"

# An index of options of plugins that take environment variables, of which modules have none.
exclude_patterns = ["environment_variables.rst"]
# "…" stands for lines of an output that are left out, and is not JSON.
suppress_warnings = ["misc.highlighting_failure"]
