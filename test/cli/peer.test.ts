import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cleanEnv, ended, minga, printed } from './run.ts'

const CLI = resolve(import.meta.dirname, '../../src/cli.ts')
const LOCAL = ['--listen', '/ip4/127.0.0.1/tcp/0']

describe('a peer as a process', () => {
  let folder: string
  const started: ChildProcess[] = []
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minga-peer-'))
  })
  after(async () => {
    for (const child of started) child.kill('SIGKILL')
    await rm(folder, { recursive: true })
  })

  /** A bootstrap node: it opens no device, which makes it the quickest of all peers. */
  const start = (name: string) => {
    const args = [CLI, 'bootstrap', '--json', '-d', join(folder, name), ...LOCAL]
    const child = spawn(process.execPath, args, { env: cleanEnv, stdio: ['ignore', 'pipe', 'pipe'] })
    started.push(child)
    return child
  }

  it('says on stdout, in JSON alone, when it is ready and where; leaves in good order at SIGTERM', async () => {
    const child = start('one')
    const end = ended(child)
    await printed(child, '\n')
    child.kill('SIGTERM')
    const { code, stdout, stderr } = await end
    assert.equal(code, 0, stderr)
    const [ready, stopped, ...rest] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.equal(ready.event, 'ready')
    assert.match(ready.peer, /^12D3KooW/)
    assert.match(ready.addresses[0], new RegExp(`^/ip4/127\\.0\\.0\\.1/tcp/\\d+/p2p/${ready.peer}$`))
    assert.deepEqual(stopped, { event: 'stopped', peer: ready.peer })
    assert.deepEqual(rest, [])
  })

  it('keeps its data directory to itself, answers clients, and leaves at Ctrl-C', async () => {
    const child = start('two')
    const end = ended(child)
    let text = ''
    child.stdout!.on('data', (part: string) => (text += part))
    await printed(child, '\n')
    const [address] = JSON.parse(text.split('\n')[0]!).addresses

    const [second, peers, jobs] = await Promise.all([
      minga(['bootstrap', '-d', join(folder, 'two'), ...LOCAL]),
      minga(['peers', '--json', '-d', join(folder, 'client-1'), '-b', address]),
      minga(['jobs', '-d', join(folder, 'client-2'), '-b', address]),
    ])
    assert.equal(second.code, 2)
    assert.match(second.stderr, /in use by process \d+/)
    assert.equal(peers.code, 0, peers.stderr)
    const neighbour = JSON.parse(peers.stdout)
    assert.equal(neighbour.peer, address.split('/').at(-1))
    assert.ok(address.startsWith(neighbour.addresses[0].split('/p2p/')[0]), `${neighbour.addresses}`)
    assert.ok(neighbour.latencyMs >= 0, `${neighbour.latencyMs} ms`)
    assert.equal(jobs.code, 0, jobs.stderr)
    assert.equal(jobs.stdout, 'no open Jobs are known; `minga watch <jobId>` shows one that has ended\n')

    child.kill('SIGINT')
    assert.equal((await end).code, 0)
  })

  it('says that it knows nobody, or that nobody answers', async () => {
    const peer = (name: string, ...more: string[]) => {
      const args = [CLI, 'peer', '--compute-device', 'off', '-d', join(folder, name), ...LOCAL, ...more]
      const child = spawn(process.execPath, args, { env: cleanEnv, stdio: ['ignore', 'pipe', 'pipe'] })
      started.push(child)
      return child
    }
    const says = async (child: ChildProcess, words: RegExp) => {
      let text = ''
      for await (const part of child.stderr!.setEncoding('utf8')) {
        text += part
        if (words.test(text)) return child.kill('SIGKILL')
      }
      assert.fail(`it ended and said ${text}`)
    }
    await Promise.all([
      says(peer('alone'), /knows nobody: waits to be dialled; give -b/),
      says(peer('mute', '-b', '/ip4/127.0.0.1/tcp/1'), /127\.0\.0\.1\/tcp\/1 \(refuses.*no bootstrap node answers.*keeps trying/),
    ])
  })

  it('tells what is wrong at the start, with the right exit code', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    const unreachable = ['-b', '/ip4/127.0.0.1/tcp/1', '--timeout-connect', '1h']
    const [notDirectory, noKey, badAddress, nobody] = await Promise.all([
      minga(['bootstrap', '-d', file, ...LOCAL]),
      minga(['bootstrap', '-d', join(folder, 'a'), ...LOCAL, '--wallet-key-file', join(folder, 'none')]),
      minga(['bootstrap', '-d', join(folder, 'b'), '--listen', '/ip4/8.8.8.8/tcp/0']),
      minga(['jobs', '-d', join(folder, 'c'), ...unreachable]),
    ])
    assert.deepEqual([notDirectory.code, noKey.code, badAddress.code, nobody.code], [2, 2, 3, 3])
    assert.match(notDirectory.stderr, /is not a directory\n {2}→ /)
    assert.match(noKey.stderr, /wallet key.*missing/)
    assert.match(badAddress.stderr, /Expected to listen on \/ip4\/8\.8\.8\.8/)
    // Refused at once: nobody waits for the hour, and nothing keeps trying.
    assert.match(nobody.stderr, /Expected one of 1 bootstrap nodes to answer, found none: \S+ \(refuses: nothing listens there\)/)
    assert.doesNotMatch(nobody.stderr, /trying/)
    for (const { stdout } of [notDirectory, noKey, badAddress, nobody]) assert.equal(stdout, '')
  })
})
