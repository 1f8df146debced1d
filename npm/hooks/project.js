// Which project a file belongs to, as far as files of one project may share the platform's modules:
// they have one API level and one permission, and what a test replaces in such a module is replaced
// for the whole project. What level and permission they are, the native half finds out.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** The projects of folders that were looked up. */
const known = new Map();

/** The project of a file, named by its folder; '' for a file of none. */
function projectOf(file) {
  return projectAt(path.dirname(file));
}

function projectAt(folder) {
  let project = known.get(folder);
  if (project === undefined) {
    project = nearest(folder, isProject) ?? nearest(folder, isModule) ?? '';
    known.set(folder, project);
  }
  return project;
}

/** The innermost of `folder` and the folders above it that is a `kind`. */
function nearest(folder, kind) {
  for (;;) {
    if (kind(folder)) return folder;
    const above = path.dirname(folder);
    if (above === folder) return undefined;
    folder = above;
  }
}

/** Whether the folder has a build profile that says the level, or lists modules. */
function isProject(folder) {
  try {
    const profile = fs.readFileSync(path.join(folder, 'build-profile.json5'), 'utf8');
    return /\b(compatibleSdkVersion|srcPath)\b/.test(profile);
  } catch {
    return false;
  }
}

function isModule(folder) {
  const names = ['module.json5', 'src/main/module.json5'];
  return names.some((name) => fs.existsSync(path.join(folder, name)));
}

exports.projectOf = projectOf;
