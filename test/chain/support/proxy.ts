import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Request {
  id: number
  method: string
  params: unknown[]
}

/** Asks the real chain: what was asked, or something else. */
export type Pass = (instead?: Pick<Request, 'method' | 'params'>) => Promise<{ result?: unknown; error?: unknown }>

/** What stands between us and the chain. */
export type Behaviour = (request: Request, response: ServerResponse, pass: Pass) => unknown

export interface Endpoint {
  readonly url: string
  /** All methods that were asked for. */
  readonly seen: string[]
  behave(behaviour: Behaviour): void
  close(): Promise<void>
}

export const honest: Behaviour = async ({ id }, response, pass) => reply(response, { id, ...(await pass()) })

/** The chain's answer, with what `change` makes of it. */
export const lying =
  (change: (request: Request, result: unknown) => unknown): Behaviour =>
  async (request, response, pass) => {
    const { result, error } = await pass()
    reply(response, { id: request.id, ...(error === undefined ? { result: change(request, result) } : { error }) })
  }

export const garbage =
  (text: string): Behaviour =>
  (_, response) =>
    response.end(text)

/** Takes the request and never answers. */
export const silent: Behaviour = () => {}

export function reply(response: ServerResponse, answer: object): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ jsonrpc: '2.0', ...answer }))
}

/** A real endpoint before a real chain, that does what it is told to. */
export async function startProxy(target: () => string): Promise<Endpoint> {
  let behaviour = honest
  const seen: string[] = []
  const server = createServer(async (incoming, response) => {
    const body = await text(incoming)
    const request = JSON.parse(body) as Request
    seen.push(request.method)
    const pass: Pass = async (instead) => {
      const asked = instead === undefined ? body : JSON.stringify({ ...request, ...instead })
      const answer = await fetch(target(), { method: 'POST', headers: { 'content-type': 'application/json' }, body: asked })
      const { result, error } = (await answer.json()) as { result?: unknown; error?: unknown }
      return error === undefined ? { result } : { error }
    }
    try {
      await behaviour(request, response, pass)
    } catch {
      response.destroy()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    behave: (next) => {
      behaviour = next
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function text(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of incoming) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}
