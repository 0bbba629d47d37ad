import assert from 'node:assert/strict'
import { it } from 'node:test'
import { build } from 'esbuild'

it('bundles for a browser without one module of Node', async () => {
  const contents = ['node', 'transports-web', 'signatures-web'].map((name) => `export * from './src/network/${name}.ts'`).join('\n')
  const result = await build({
    stdin: { contents: `${contents}\nexport * from './src/protocol/certificate.ts'`, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    external: ['node:*'],
    logLevel: 'silent',
  })
  const imports = Object.entries(result.metafile.inputs).flatMap(([file, input]) =>
    input.imports.filter(({ path, external }) => external && path.startsWith('node:')).map(({ path }) => `${file} → ${path}`),
  )
  assert.deepEqual(imports, [])
  assert.deepEqual(
    Object.keys(result.metafile.inputs).filter((file) => /@libp2p\/(tcp|mdns)|classic-level|-node\.ts/.test(file)),
    [],
  )
})
