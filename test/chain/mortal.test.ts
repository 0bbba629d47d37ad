import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { ended } from '../cli/run.ts'

const FIXTURE = resolve(import.meta.dirname, 'fixtures/mortal-parent.ts')
/** Says its process id, listens to SIGTERM as told, and lives as long as nobody ends it. The connection closes with it. */
const program = (port: number, onTerm: string) =>
  `const socket = require('net').connect(${port}, '127.0.0.1', () => socket.write(process.pid + '\\n')); process.on('SIGTERM', () => ${onTerm})`

const skip = process.platform === 'win32' && 'Windows has no shell to guard with'

describe('a program that ends with its parent', { skip }, () => {
  it('is asked to end when its parent is killed', async (t) => {
    const { parent, socket } = await start(t, "socket.end('asked', () => process.exit())")
    const said = text(socket)
    parent.kill('SIGKILL')
    assert.equal(await said, 'asked')
  })

  it('is made to where it does not heed', async (t) => {
    const { parent, socket } = await start(t, "socket.write('asked')")
    const said = text(socket)
    parent.kill('SIGKILL')
    assert.equal(await said, 'asked')
  })

  it('is the process that its parent sees, with its end; the guard ends too', async (t) => {
    const { parent, socket, pid } = await start(t, 'process.exit(7)')
    const end = ended(parent)
    process.kill(pid, 'SIGTERM')
    await once(socket.resume(), 'close')
    // It is told when nobody holds a pipe any more: not the guard either.
    assert.match((await end).stdout, /ended with 7/)
  })
})

async function start(t: TestContext, onTerm: string): Promise<{ parent: ChildProcess; socket: Socket; pid: number }> {
  const server = createServer()
  t.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const parent = spawn(process.execPath, [FIXTURE, '-e', program((server.address() as AddressInfo).port, onTerm)])
  t.after(() => parent.kill('SIGKILL'))
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [said] = (await once(socket, 'data')) as [Buffer]
  return { parent, socket, pid: Number(said) }
}
