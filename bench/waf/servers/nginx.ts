/**
 * nginx in front of a second server of its own, with and without ModSecurity and the Core Rule Set, as Debian packages
 * them. One worker; its CPU time includes that of the server behind it. It deliberately changes no rule.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureSystemTools, pathWithSbin } from '../../../scripts/system-tools.mjs'
import { type Running, until } from './running.ts'

const module = '/usr/lib/nginx/modules/ngx_http_modsecurity_module.so'

/** Why nginx with ModSecurity cannot be had here, or null. Installs it where that is ours to do. */
export function missingNginx(): string | null {
  return ensureSystemTools(pathWithSbin(process.env.PATH), 'peers')
}

/** Starts nginx; `rules`: with ModSecurity and the Core Rule Set, which then refuse what they find. */
export async function startNginx(port: number, { rules }: { readonly rules: boolean }): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'thingwall-nginx-'))
  // Its worker is not root.
  chmodSync(folder, 0o755)
  if (rules) writeFileSync(join(folder, 'rules.conf'), rulesText())
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, rules))
  const child = spawn(
    'nginx',
    ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')],
    {
      env: { ...process.env, PATH: pathWithSbin(process.env.PATH) },
      stdio: 'ignore',
    },
  )
  const url = `http://127.0.0.1:${port}`
  await until(`nginx on ${port}`, async () => {
    if (child.exitCode !== null) throw new Error(readFileSync(join(folder, 'error.log'), 'utf8'))
    // The rules may refuse what is asked here; an answer is enough.
    return (await fetch(url)).status > 0
  })
  return {
    url,
    processes: () => workersOf(child),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGQUIT')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

/** The parts that Debian's own files leave off: nothing is refused until the engine is on. */
function rulesText(): string {
  const recommended = ['/etc/nginx/modsecurity.conf', '/etc/modsecurity/modsecurity.conf'].find((file) =>
    existsSync(file),
  )
  if (recommended === undefined) throw new Error('the recommended configuration of ModSecurity is not there')
  return `Include ${recommended}
SecRuleEngine On
SecAuditEngine Off
Include /etc/modsecurity/crs/crs-setup.conf
Include /usr/share/modsecurity-crs/rules/*.conf
`
}

function configuration(folder: string, port: number, rules: boolean): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ')
  return `${rules ? `load_module ${module};` : ''}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log crit;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary}
  client_max_body_size 20m;
  client_body_buffer_size 1m;
  ${rules ? `modsecurity on; modsecurity_rules_file ${folder}/rules.conf;` : ''}
  upstream behind { server unix:${folder}/behind; keepalive 32; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }
  }
  server {
    listen unix:${folder}/behind;
    ${rules ? 'modsecurity off;' : ''}
    location / { default_type text/plain; return 200 "none"; }
  }
}
`
}

function workersOf({ pid = 0 }: ChildProcess): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [pid, ...children.split(' ').map(Number)]
}
