import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import type { MingaError } from '../../src/errors.ts'
import { type Logger, silentLogger } from '../../src/log.ts'
import { startNode, textSpec, until, withPeers } from './support.ts'

it('comes back to a bootstrap node that was away, for ever, and meets the others there', async (t) => {
  const privateKey = randomBytes(32)
  const first = await startNode(t, { privateKey })
  const [address = ''] = first.addresses()
  const port = /tcp\/(\d+)/.exec(address)?.[1]
  const early = await startNode(t, { bootstrap: [address] })
  await early.waitForBootstrap({ timeoutMs: 5_000 })
  const channel = await early.channels.join(textSpec('minga/1/jobs'))

  const lost = new Promise<void>((resolve) => early.onPeer((_peer, change) => change === 'disconnected' && resolve()))
  await first.stop()
  await lost
  await assert.rejects(early.waitForBootstrap({ timeoutMs: 100 }), { name: 'BootstrapUnreachableError' })

  const second = await startNode(t, { privateKey, listen: [`/ip4/127.0.0.1/tcp/${port}`] })
  assert.equal(second.self, first.self)
  await early.waitForBootstrap({ timeoutMs: 10_000 })
  const late = await startNode(t, { bootstrap: [address] })
  const other = await late.channels.join(textSpec('minga/1/jobs'))
  await Promise.all([withPeers(channel, 1), withPeers(other, 1)])
})

it('needs no bootstrap node, and takes itself for none', async (t) => {
  const alone = await startNode(t)
  await alone.waitForBootstrap({ timeoutMs: 1 })
  const privateKey = randomBytes(32)
  const probe = await startNode(t, { privateKey })
  const [own = ''] = probe.addresses()
  await probe.stop()
  const again = await startNode(t, { privateKey, bootstrap: [own] })
  await again.waitForBootstrap({ timeoutMs: 1 })
})

it('says once that no bootstrap node answers, why, and when one does; who waits for one dial of each learns it at once', async (t) => {
  const privateKey = randomBytes(32)
  const probe = await startNode(t, { privateKey })
  const [there = ''] = probe.addresses()
  const port = /tcp\/(\d+)/.exec(there)?.[1]
  await probe.stop()
  const lines: string[] = []
  const told = Promise.withResolvers<{ tried: string[] }>()
  const again = Promise.withResolvers<void>()
  const log: Logger = {
    ...silentLogger,
    warn: (message, facts) => {
      lines.push(message)
      told.resolve(facts as { tried: string[] })
    },
    info: (message) => message === 'bootstrap node connected' && again.resolve(),
    child: () => log,
  }
  const nowhere = '/dns4/nowhere.invalid/tcp/1'
  const peer = await startNode(t, { bootstrap: [there, nowhere], log })
  await startNode(t, { bootstrap: [nowhere], bootstrapOnce: true, log }).then((client) =>
    assert.rejects(client.waitForBootstrap({ timeoutMs: 3_600_000, once: true }), { name: 'BootstrapUnreachableError' }),
  )
  const error = await peer.waitForBootstrap({ timeoutMs: 3_600_000, once: true }).then(
    () => assert.fail('it was reached'),
    (error: MingaError) => error,
  )
  assert.equal(error.name, 'BootstrapUnreachableError')
  assert.match(error.message, /found none: \S+ \(refuses: nothing listens there\), \/dns4/)
  assert.doesNotMatch(error.message + error.hint, /keeps trying| ms/)
  assert.deepEqual((await told.promise).tried.length, 2)
  await startNode(t, { privateKey, listen: [`/ip4/127.0.0.1/tcp/${port}`] })
  await again.promise
  assert.deepEqual(lines, ['no bootstrap node answers: this peer has no network yet, and keeps trying'])
})

it('ends its waiting with the caller’s reason', async (t) => {
  const peer = await startNode(t, { bootstrap: ['/ip4/127.0.0.1/tcp/1'] })
  const reason = new Error('enough')
  const controller = new AbortController()
  const waiting = peer.waitForBootstrap({ timeoutMs: 10_000, signal: controller.signal })
  controller.abort(reason)
  await assert.rejects(waiting, reason)
})

it('keeps a private network private', async (t) => {
  const pnetKey = randomBytes(32)
  const text = new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${Buffer.from(pnetKey).toString('hex')}\n`)
  const member = await startNode(t, { pnetKey })
  const [address = ''] = member.addresses()
  const friend = await startNode(t, { pnetKey: text })
  const byDigits = await startNode(t, { pnetKey: new TextEncoder().encode(`${pnetKey.toString('hex').toUpperCase()}\n`) })
  assert.equal(await byDigits.dial(address), member.self)
  assert.equal(await friend.dial(address), member.self)
  for (const stranger of [await startNode(t), await startNode(t, { pnetKey: randomBytes(32) })]) {
    await assert.rejects(stranger.dial(address, { signal: AbortSignal.timeout(2_000) }))
    assert.deepEqual(stranger.peers(), [])
  }
  assert.deepEqual(new Set(member.peers()), new Set([friend.self, byDigits.self]))
  for (const bad of [new Uint8Array(31), new TextEncoder().encode('no key')])
    await assert.rejects(startNode(t, { pnetKey: bad }), { name: 'NetworkKeyError', hint: /openssl rand -hex 32 > swarm\.key/ })
})

it('finds its peers again from what it stored', async (t) => {
  const { mkdtemp, rm } = await import('node:fs/promises')
  const { tmpdir } = await import('node:os')
  const datastorePath = await mkdtemp(`${tmpdir()}/minga-peers-`)
  t.after(() => rm(datastorePath, { recursive: true, force: true }))
  const other = await startNode(t)
  const privateKey = randomBytes(32)
  const before = await startNode(t, { privateKey, platform: { datastorePath } })
  await before.dial(other.addresses()[0] as string)
  const stored = () =>
    before.libp2p.peerStore.all().then((all) => all.some(({ id, addresses }) => id.toString() === other.self && addresses.length > 0))
  await new Promise<void>((resolve) => {
    const check = () => void stored().then((found) => found && resolve())
    before.libp2p.addEventListener('peer:update', check)
    before.libp2p.addEventListener('peer:identify', check)
    check()
  })
  await before.stop()
  const after = await startNode(t, { privateKey, platform: { datastorePath } })
  assert.equal(await after.dial(other.self), other.self)
  await until(
    () => after.peers().includes(other.self),
    (check) => after.onPeer(check),
  )
})
