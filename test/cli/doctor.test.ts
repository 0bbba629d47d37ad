import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pinnedPath } from '../../scripts/circuits/pin.ts'
import { checkDisk, checkKeys } from '../../src/cli/doctor/disk.ts'
import { checkPorts } from '../../src/cli/doctor/ports.ts'
import { checkSettling } from '../../src/cli/doctor/settling.ts'
import { checkStores } from '../../src/cli/doctor/stores.ts'
import { parseConfig } from '../../src/config.ts'
import { type Logger, silentLogger } from '../../src/log.ts'
import { startNode } from '../../src/node/start-node.ts'
import { createUndo, type Undo } from '../../src/node/undo.ts'
import { minga } from './run.ts'

describe('minga doctor', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minga-doctor-'))
  })
  after(async () => rm(folder, { recursive: true }))

  const configOf = (flags: Record<string, unknown>) =>
    parseConfig(flags, {}, undefined, { home: folder, cwd: folder, platform: process.platform }).config

  it('reports the whole machine as JSON, and as text with a fix for each problem', async () => {
    const args = ['doctor', '-d', join(folder, 'data'), '--listen', '/ip4/127.0.0.1/tcp/0', '--cache-dir', join(folder, 'cache')]
    const { code, stdout, stderr } = await minga([...args, '--json'])
    const { ok, checks } = JSON.parse(stdout)
    assert.equal(stderr, '')
    assert.equal(code, ok ? 0 : 1)
    assert.deepEqual(
      checks.map(({ name }: { name: string }) => name),
      ['machine', 'node', 'optional', 'adapter', 'disk', 'keys', 'stores', 'ports', 'clock'],
    )
    for (const { status, fix } of checks) assert.equal(fix === undefined, status === 'ok')
    const adapter = checks.find(({ name }: { name: string }) => name === 'adapter')
    if (adapter.status !== 'fail') {
      assert.match(adapter.facts.kind, /^(hardware|software)$/)
      assert.match(adapter.facts.fingerprint, /^[0-9a-f]{16,}$/)
    }
  })

  it('says what is broken and ends with 1', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    const { code, stdout } = await minga(['doctor', '-d', file, '--compute-device', 'off', '--listen', '/ip4/127.0.0.1/tcp/0'])
    assert.equal(code, 1)
    assert.match(stdout, /✖ disk .*file is a file\n\s+→ name another directory with --data-dir/)
    assert.match(stdout, /1 of 9 must be mended first\n$/)
  })

  it('finds a port that is in use, and an address that is not of this machine', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const listen = [`/ip4/127.0.0.1/tcp/${port}`, '/ip4/8.8.8.8/tcp/4000', '/ip4/127.0.0.1/tcp/0']
    const { status, found, fix } = await checkPorts(configOf({ listen }))
    server.close()
    assert.equal(status, 'fail')
    assert.equal(found, `/ip4/127.0.0.1/tcp/${port}: in use by another program; /ip4/8.8.8.8/tcp/4000: not an address of this machine`)
    assert.match(fix!, /--listen/)
  })

  it('finds too little room', async () => {
    const { status, fix } = await checkDisk(configOf({ dataDir: folder, 'storage.maxBytes': '1000TiB' }))
    assert.notEqual(status, 'ok')
    assert.ok(fix)
  })

  it('says what a peer could settle, where a chain is named', async () => {
    const chain = { 'chain.id': '31337', 'chain.rpc': ['http://127.0.0.1:1'] }
    assert.deepEqual(await checkSettling(configOf({})), [])
    const [blind] = await checkSettling(configOf(chain))
    assert.deepEqual([blind?.status, blind?.facts], ['warn', { circuits: [] }])
    assert.match(blind?.fix ?? '', /--chain-circuits/)
    const circuits = join(folder, 'circuits.json')
    const paths = { wasm: 'a.wasm', zkey: 'a.zkey', key: pinnedPath('4x4') }
    await writeFile(circuits, JSON.stringify({ format: 'minga-circuits/1', circuits: { '4x4': paths } }))
    const [able] = await checkSettling(configOf({ ...chain, 'chain.circuits': circuits }))
    assert.deepEqual(able, { name: 'settling', status: 'ok', found: 'paid Jobs of the sizes 4x4', facts: { circuits: ['4x4'] } })
    const [wrong] = await checkSettling(configOf({ ...chain, 'chain.circuits': join(folder, 'none') }))
    assert.equal(wrong?.status, 'fail')
    assert.match(wrong?.fix ?? '', /npm run circuits/)
  })

  it('finds a key that others can read, and one that was named and is missing', {
    skip: process.platform === 'win32' && 'no modes',
  }, async () => {
    const key = join(folder, 'wallet')
    await writeFile(key, '', { mode: 0o644 })
    assert.equal((await checkKeys(configOf({ walletKeyFile: key }))).status, 'warn')
    assert.equal((await checkKeys(configOf({ walletKeyFile: join(folder, 'none') }))).status, 'fail')
    assert.equal((await checkKeys(configOf({}))).status, 'ok')
  })

  it('finds the keys that a start has made, once others can read them', { skip: process.platform === 'win32' && 'no modes' }, async () => {
    const dataDir = join(folder, 'started')
    const config = configOf({ dataDir })
    const undo = createUndo()
    const { identity } = await startNode({ config: { ...config, listen: [] }, logger: silentLogger, role: 'peer', dataDir }, undo)
    await undo.run()
    assert.ok(identity.peer)
    assert.deepEqual(await checkKeys(config), { name: 'keys', status: 'ok', found: 'readable by this user only' })
    for (const name of ['identity.json', 'wallet.key']) {
      const path = join(dataDir, name)
      await chmod(path, 0o640)
      assert.deepEqual(await checkKeys(config), {
        name: 'keys',
        status: 'warn',
        found: `${path} can be read by others`,
        fix: `chmod 600 ${path}`,
      })
      await chmod(path, 0o600)
    }
  })

  it('hears of such keys from a start, too, which closes them', { skip: process.platform === 'win32' && 'no modes' }, async () => {
    const dataDir = join(folder, 'open-keys')
    const warningsOfStart = async () => {
      const warnings: (readonly [string, unknown])[] = []
      const logger: Logger = {
        ...silentLogger,
        warn: (...line) => void warnings.push(line as [string, unknown]),
        child: () => silentLogger,
      }
      const undo = createUndo()
      await startNode({ config: { ...configOf({ dataDir }), listen: [] }, logger, role: 'peer', dataDir }, undo)
      await undo.run()
      return warnings
    }
    assert.deepEqual(await warningsOfStart(), [])
    const paths = ['identity.json', 'wallet.key'].map((name) => join(dataDir, name))
    for (const path of paths) await chmod(path, 0o644)
    const [[message, facts] = [], ...more] = await warningsOfStart()
    assert.match(message!, /keys could be read by others/)
    assert.deepEqual([facts, more], [{ paths }, []])
    assert.deepEqual(await warningsOfStart(), [])
  })

  it('opens what a start has made, leaves alone what is at work, and finds what is damaged', async () => {
    const dataDir = join(folder, 'stores')
    const config = configOf({ dataDir })
    const start = (undo: Undo) => startNode({ config: { ...config, listen: [] }, logger: silentLogger, role: 'peer', dataDir }, undo)
    assert.deepEqual((await checkStores(config)).found, 'will be made at the first start')
    const undo = createUndo()
    await start(undo)
    assert.deepEqual((await checkStores(config)).found, 'in use by a running process')
    await undo.run()
    assert.deepEqual((await checkStores(config)).found, 'all open')

    for (const name of ['vault', join('blocks', 'pins')]) await writeFile(join(dataDir, name, 'CURRENT'), 'garbage\n')
    const { code, stdout } = await minga(['doctor', '-d', dataDir, '--compute-device', 'off', '--listen', '/ip4/127.0.0.1/tcp/0'])
    assert.equal(code, 1)
    assert.match(stdout, /✖ stores .*vault.*pins.*\n\s+→ the next start repairs .*vault, .*pins/)
    const again = createUndo()
    await start(again)
    await again.run()
    assert.equal((await checkStores(config)).status, 'ok')

    await writeFile(join(dataDir, 'lock', 'CURRENT'), 'garbage')
    assert.match((await checkStores(config)).fix!, /lock; where they are in order, move it away$/)
  })

  it('finds that nothing can be written where even the superuser can make no directory', {
    skip: process.platform !== 'linux' && 'no /proc',
  }, async () => {
    const { status, found } = await checkDisk(configOf({ dataDir: '/proc/x' }))
    assert.deepEqual([status, found], ['fail', '/proc/x (not made yet) cannot be written by this user'])
  })
})
