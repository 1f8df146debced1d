// nginx in front of a server, as most servers in the world have it or something like it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needs, startOnFreePort } from './programs.mjs';

/** Options of a test with nginx. */
export const needsNginx = () => needs('nginx', 'nginx-light');

/** A file for a test, with the text that `text` makes of its folder; removed after the test. */
export async function configuration(t, name, text) {
  const folder = await mkdtemp(join(tmpdir(), `arkws-${name}-`));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, `${name}.conf`);
  await writeFile(file, text(folder));
  return file;
}

/**
 * nginx that passes WebSocket connections on to `upstream`, as `proxy_pass` has it: the port that
 * it listens on. `listen` and `server` are more words for `listen` and more lines of the server;
 * `location` more lines of what is passed on. Ended after the test.
 */
export function startNginx(t, upstream, { listen = '', server = '', location = '' } = {}) {
  return startOnFreePort(t, async (port) => [
    'nginx',
    '-c',
    await configuration(
      t,
      'nginx',
      (folder) => `
daemon off;
# So that workers reach what only we may: of others than root this is ignored.
user root;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port} ${listen};
    ${server}
    location / {
      proxy_pass ${upstream};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_set_header Host $host;
      ${location}
    }
  }
}
`,
    ),
  ]);
}
