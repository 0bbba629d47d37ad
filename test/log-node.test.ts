import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UsageError } from '../src/cli/errors.ts'
import { createLogger, type LoggerInit } from '../src/log-node.ts'

const capture = async (init: Partial<LoggerInit> = {}) => {
  const lines: string[] = []
  const logger = await createLogger({ level: 'debug', format: 'json', color: false, write: (text) => void lines.push(text), ...init })
  return { logger, lines, last: () => JSON.parse(lines.at(-1)!) }
}

describe('the logger of a process', () => {
  it('writes one JSON object a line, with level, time and facts', async () => {
    const { logger, last } = await capture()
    logger.info('joined the Job', { jobId: 'j1', peers: 3 })
    const { time, ...rest } = last()
    assert.deepEqual(rest, { level: 'info', jobId: 'j1', peers: 3, msg: 'joined the Job' })
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 10_000)
  })

  it('joins the names of children by dots, in one field', async () => {
    const { logger, lines } = await capture()
    logger.child('node').child('queue').warn('late')
    assert.equal(lines.at(-1)!.split('"scope"').length, 2)
    assert.equal(JSON.parse(lines.at(-1)!).scope, 'node.queue')
  })

  it('keeps below its level silent', async () => {
    const { logger, lines } = await capture({ level: 'warn' })
    logger.debug('x')
    logger.info('x')
    logger.child('c').info('x')
    assert.equal(lines.length, 0)
    logger.error('y')
    assert.equal(lines.length, 1)
  })

  it('prints errors, bytes, bigints and circles without throwing', async () => {
    const { logger, last } = await capture()
    const circle: { self?: unknown } = {}
    circle.self = circle
    const error = new UsageError({ message: 'm', cause: new Error('inner') })
    logger.error('all', { error, hash: new Uint8Array([1, 255]), block: new Uint8Array(1000), fee: 10n ** 20n, circle })
    const line = last()
    assert.equal(line.error.name, 'UsageError')
    assert.equal(line.error.stack, undefined)
    assert.match(line.error.cause.stack, /inner/)
    assert.equal(line.hash, '01ff')
    assert.match(line.block, /^(00){64}… \(1000 bytes\)$/)
    assert.equal(line.fee, '100000000000000000000')
    assert.equal(line.circle.self, '[Circular]')
  })

  it('is one plain line for a reader', async () => {
    const { logger, lines } = await capture({ format: 'pretty' })
    logger.child('queue').warn('lock refused', { holder: 'p1' })
    assert.match(lines[0]!, /^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: queue lock refused \{"holder":"p1"\}\n$/)
  })
})
