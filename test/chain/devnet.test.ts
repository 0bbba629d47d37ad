import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, watch, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { anvilPath } from '../../src/chain/devnet/anvil.ts'
import { AnvilMissingError } from '../../src/chain/errors.ts'
import { cleanEnv, ended, minga } from '../cli/run.ts'
import { call } from './support/anvil.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const DEMO_WALLET = '0x00000000000000000000000000000000000000f1'

interface Ready {
  event: string
  chainFile: string
  rpc: string
  escrow: string
  wallets: string[]
}

describe('minga devnet, wallet and escrow, as processes', () => {
  let directory: string
  let devnet: ChildProcess
  let ready: Ready
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'minga-devnet-'))
    ;({ child: devnet, ready } = await start('0', '--fund', DEMO_WALLET))
  })
  after(async () => {
    await killHard()
    await rm(directory, { recursive: true, force: true })
  })

  const spawnDevnet = (...args: string[]) =>
    spawn(process.execPath, [CLI, 'devnet', '-d', directory, '--json', '--port', ...args], {
      env: cleanEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    })

  async function start(...args: string[]): Promise<{ child: ChildProcess; ready: Ready }> {
    const child = spawnDevnet(...args)
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    let stdout = ''
    return new Promise((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text
        if (stdout.includes('\n')) resolve({ child, ready: JSON.parse(stdout.split('\n')[0]!) as Ready })
      })
      child.once('close', () => reject(new Error(`the devnet ended: ${stderr}`)))
    })
  }

  const processes = async () =>
    JSON.parse(await readFile(join(directory, 'devnet-processes.json'), 'utf8')) as { devnet: number; anvil: number }

  const keptBlock = async () => {
    const state = JSON.parse(await readFile(join(directory, 'devnet-state.json'), 'utf8')) as { best_block_number: number }
    return state.best_block_number
  }

  async function killHard(): Promise<void> {
    if (devnet.exitCode !== null || devnet.signalCode !== null) return
    const { anvil } = await processes()
    const closed = new Promise((resolve) => devnet.once('close', resolve))
    devnet.kill('SIGKILL')
    process.kill(anvil, 'SIGKILL')
    await closed
  }

  const wallet = async (...args: string[]) => {
    const { code, stdout, stderr } = await minga(['wallet', ...args, '-d', directory, '--chain-file', ready.chainFile, '--json'])
    const { error } = code === 0 ? {} : (JSON.parse(stderr) as { error?: { name: string; exitCode: number } })
    return { code, error, ...(code === 0 ? (JSON.parse(stdout) as { outcome: string; bondWei: string; leavingWei: string }) : {}) }
  }

  it('writes one file that peers and clients read, for its owner alone', async () => {
    const chain = JSON.parse(await readFile(ready.chainFile, 'utf8'))
    assert.deepEqual([chain.format, chain.chainId, chain.rpc, chain.escrow], ['minga-chain/1', 31337, [ready.rpc], ready.escrow])
    assert.equal((await stat(ready.chainFile)).mode & 0o077, 0)
    assert.ok(ready.wallets.includes(DEMO_WALLET))
    assert.equal(new URL(ready.rpc).hostname, '127.0.0.1')
  })

  it('tells a wallet without money what it lacks, with exit code 6', async () => {
    const { code, error } = await wallet('bond', '5')
    assert.deepEqual([code, error?.name], [6, 'InsufficientTokensError'])
  })

  it('bonds, asks back and withdraws for a wallet that was funded', async () => {
    const key = join(directory, 'rich.key')
    const { development } = JSON.parse(await readFile(ready.chainFile, 'utf8'))
    await writeFile(key, development.wallets[3].key, { mode: 0o600 })
    const rich = (...args: string[]) => wallet(...args, '--wallet-key-file', key)
    const bonded = await rich('bond', '12.5')
    assert.deepEqual([bonded.code, bonded.outcome, bonded.bondWei], [0, 'done', '12500000000000000000'])
    const asked = await rich('unbond', '2500000000000000000wei')
    assert.deepEqual([asked.bondWei, asked.leavingWei], ['10000000000000000000', '2500000000000000000'])
    const { error } = await rich('withdraw')
    assert.equal(error?.exitCode, 6)
  })

  it('says that an escrow is not there, and what chain is missing', async () => {
    const id = 'ab'.repeat(31)
    const missing = await minga(['escrow', id, '-d', directory, '--chain-file', ready.chainFile])
    assert.equal(missing.code, 2)
    assert.match(missing.stderr, /expected the Job ab.* in the escrow, found none/)
    const none = await minga(['wallet', 'bond', '1', '-d', directory])
    assert.match(none.stderr, /found no chain\.rpc, chain\.id, chain\.escrow, chain\.token/)
    const wrong = await minga(['wallet', '-d', directory, '--chain-file', ready.chainFile, '--chain-id', '1'])
    assert.deepEqual([wrong.code, /expected chain 1 .* found chain 31337/.test(wrong.stderr)], [5, true])
  })

  it('refuses a second one with the same files', async () => {
    const { code, stderr } = await ended(spawnDevnet('0'))
    assert.equal(code, 2)
    assert.match(stderr, /DevnetRunningError/)
  })

  /** The state of this moment is on the disk, so that a kill loses nothing. */
  async function keptState(): Promise<number> {
    await call(ready.rpc, 'evm_mine')
    const block = Number(await call(ready.rpc, 'eth_blockNumber'))
    for await (const _ of watch(directory)) if ((await keptBlock()) >= block) break
    return block
  }

  async function goesOn(block: number, before: { anvil: number }): Promise<void> {
    const again = await start(new URL(ready.rpc).port)
    devnet = again.child
    assert.deepEqual([again.ready.rpc, again.ready.escrow], [ready.rpc, ready.escrow])
    assert.notEqual((await processes()).anvil, before.anvil)
    assert.ok(Number(await call(ready.rpc, 'eth_blockNumber')) >= block)
  }

  it('takes its chain along when it is killed with -9, and goes on with its state on the same port', async () => {
    const block = await keptState()
    const before = await processes()
    const { port, hostname } = new URL(ready.rpc)
    const connection = connect(Number(port), hostname)
    await once(connection, 'connect')
    devnet.kill('SIGKILL')
    await once(connection.resume(), 'close')
    await assert.rejects(call(ready.rpc, 'eth_chainId'), 'nobody listens')
    await goesOn(block, before)
  })

  it('ends the chain that was left behind because its guard was killed as well', async () => {
    const block = await keptState()
    const before = await processes()
    const guard = execFileSync('pgrep', ['-P', String(before.anvil)], { encoding: 'utf8' })
    const closed = once(devnet, 'close')
    process.kill(Number(guard), 'SIGKILL')
    devnet.kill('SIGKILL')
    await closed
    assert.equal(Number(await call(ready.rpc, 'eth_chainId')), 31337, 'the chain is left behind')
    await goesOn(block, before)
  })

  it('says so when its chain dies, and goes on from its state', async () => {
    const end = ended(devnet)
    process.kill((await processes()).anvil, 'SIGKILL')
    const { code, stderr } = await end
    assert.equal(code, 1)
    assert.match(stderr, /AnvilFailedError/)
    ;({ child: devnet, ready } = await start('0'))
    const { bondWei } = await wallet('--wallet-key-file', join(directory, 'rich.key'))
    assert.equal(bondWei, '10000000000000000000')
  })

  it('ends with Ctrl-C, its chain too', async () => {
    const { anvil } = await processes()
    const end = ended(devnet)
    devnet.kill('SIGINT')
    assert.equal((await end).code, 0)
    assert.throws(() => process.kill(anvil, 0))
  })
})

describe('what should be the state of a devnet, and is none,', () => {
  it('is told as such, with 2', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'minga-devnet-state-'))
    const odd = join(folder, 'odd.json')
    await writeFile(odd, '{"block": 1')
    for (const [state, found] of [
      [folder, /found a directory/],
      [odd, /found a file of which the chain says: failed to parse/],
      [join(odd, 'below'), /found no directory to keep it in \(E\w+\)/],
    ] as const) {
      const { code, stdout, stderr } = await minga(['devnet', '--port', '0', '--data-dir', join(folder, 'data'), '--state', state])
      assert.deepEqual([code, stdout], [2, ''], stderr)
      assert.match(stderr, found)
      assert.match(stderr, /→ name another file with --state/)
    }
    await rm(folder, { recursive: true })
  })
})

describe('the chain’s binary', () => {
  it('is npm’s for this platform, and missed with a word on others', () => {
    assert.match(anvilPath(), /anvil$/)
    assert.throws(() => anvilPath('plan9', 'mips'), AnvilMissingError)
  })
})
