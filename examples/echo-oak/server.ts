/**
 * An echo server that renders on the server, on Oak and Deno. VULNERABLE ON PURPOSE: `?echo=` goes into the page as it is
 * (reflected cross-site scripting). WAF=off leaves it open, WAF=inside calls the firewall inside a middleware of the
 * application, anything else uses it as a middleware.
 *
 *     PORT=8080 deno run --allow-net --allow-env --conditions=thingwall-source server.ts
 */
import process from 'node:process'
import { Application } from '@oakserver/oak'
import { waf } from '@thingwall/waf'

const options = { parameters: [{ name: 'echo', disallowTags: true }] }
const app = new Application()

if (process.env['WAF'] === 'inside') {
  app.use(async (ctx, next) => {
    await waf(ctx, options)
    await next()
  })
} else if (process.env['WAF'] !== 'off') {
  app.use(waf(options))
}

app.use(async (ctx) => {
  if (ctx.request.method === 'POST') {
    ctx.response.body = await ctx.request.body.json()
    return
  }
  ctx.response.type = 'text/html'
  // The hole: what came in goes out as HTML, unescaped.
  ctx.response.body = `<!doctype html><title>echo</title><p>${ctx.request.url.searchParams.get('echo') ?? ''}</p>`
})

app.addEventListener('listen', ({ port }) => {
  process.stdout.write(`listening on port ${port}\n`)
})
await app.listen({ hostname: '127.0.0.1', port: Number(process.env['PORT'] ?? 8080) })
