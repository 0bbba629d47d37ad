import assert from 'node:assert/strict'
import { it } from 'node:test'
import { build } from 'esbuild'

it('the replica and its memory store bundle for a browser', async () => {
  const folder = new URL('../../src/replica/', import.meta.url).pathname
  const contents = `export { createReplica } from '${folder}replica.ts'; export { createMemoryStore } from '${folder}store-memory.ts'`
  const stdin = { contents, resolveDir: folder }
  const { errors, outputFiles } = await build({
    stdin,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    minify: true,
    write: false,
    logLevel: 'silent',
  })
  assert.deepEqual(errors, [])
  assert.ok(outputFiles[0]!.contents.length < 200_000)
})
