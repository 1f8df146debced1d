// A registry of npm's, on this machine, which has the packages that a test gives it.
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Serves these tarballs until the test ends; returns the registry's URL. */
export async function serveRegistry(t, tarballs) {
  const files = new Map();
  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url.slice(1));
    const body = files.get(name);
    response.writeHead(body === undefined ? 404 : 200).end(body);
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const registry = `http://127.0.0.1:${server.address().port}/`;
  for (const [index, tarball] of tarballs.entries()) {
    const data = await readFile(tarball);
    const { stdout } = await run('tar', ['-xzOf', tarball, 'package/package.json']);
    const manifest = JSON.parse(stdout);
    const { name, version } = manifest;
    const integrity = `sha512-${createHash('sha512').update(data).digest('base64')}`;
    manifest.dist = { integrity, tarball: `${registry}${index}.tgz` };
    files.set(`${index}.tgz`, data);
    files.set(
      name,
      JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: manifest } }),
    );
  }
  return registry;
}
