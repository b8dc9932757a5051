/**
 * The vitest projects: `unit` (beside the code), `property` (beside the code too: laws to which random policies are held),
 * `cli` (the program itself, on policy files), `editor` (what TypeScript's language server says of policy files), `kernel`
 * (the real kernel, inside fresh namespaces), `soak` (all of it for minutes or an hour), `machine` (a Debian of its own
 * under qemu), `runtimes` (Deno and a browser) and `repository` (guards over the sources themselves).
 * Which of them run, and under what, is decided in scripts/test.ts, not here.
 */
import { defineConfig } from 'vitest/config'

const conditions = ['thingwall-source']
/** For what a test imports or starts past vite, such as a policy file. */
const execArgv = ['--conditions=thingwall-source', '--disable-warning=ExperimentalWarning']
const properties = 'packages/*/src/**/*.property.test.ts'
const fromSource = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
}

export default defineConfig({
  test: {
    projects: [
      {
        ...fromSource,
        test: {
          name: 'unit',
          // Node runs the sources as they are, as it does everywhere else (docs/decisions/0001): a fifth less work.
          experimental: { viteModuleRunner: false },
          include: [
            'packages/*/src/**/*.test.ts',
            'test/contracts/**/*.test.ts',
            'bench/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          exclude: [properties],
          environment: 'node',
          // They share no state, so they may share a process: half the time for the person who edits.
          isolate: false,
          // By default one processor is left idle.
          maxWorkers: '100%',
          // No test is about time; a busy machine may take ten times as long.
          testTimeout: 60_000,
          execArgv,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'property',
          include: [properties],
          environment: 'node',
          isolate: false,
          maxWorkers: '100%',
          testTimeout: 120_000,
          execArgv,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'cli',
          include: ['test/cli/**/*.test.ts'],
          environment: 'node',
          testTimeout: 180_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'editor',
          include: ['test/editor/**/*.test.ts'],
          environment: 'node',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts'],
          environment: 'node',
          execArgv,
          pool: 'forks',
          // Files that run together would share one network: npm test gives each its own.
          fileParallelism: false,
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'soak',
          include: ['test/soak/**/*.test.ts'],
          environment: 'node',
          execArgv,
          pool: 'forks',
        },
      },
      {
        ...fromSource,
        test: {
          name: 'machine',
          include: ['test/machine/**/*.test.ts'],
          environment: 'node',
          execArgv,
          pool: 'forks',
          // One machine at a time: each takes the processors that this one has.
          fileParallelism: false,
          // Emulated, on a computer that others use too, a boot may take minutes.
          testTimeout: 45 * 60_000,
          hookTimeout: 45 * 60_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'runtimes',
          include: ['test/runtimes/**/*.test.ts'],
          environment: 'node',
          execArgv,
          // Each starts servers and browsers of its own.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'repository',
          include: ['test/repository/**/*.test.ts'],
          environment: 'node',
          execArgv,
          isolate: false,
          testTimeout: 60_000,
        },
      },
    ],
  },
})
