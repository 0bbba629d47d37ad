import type { DeviceReport, Diagnostic } from '../ports.ts'

/** What the child is started with, as JSON in its last argument. */
export interface ChildInit {
  /** The private folder for payloads too large for IPC. */
  exchangeDirectory: string
  adapter: AdapterChoice
  /** All buffers together. */
  maxBufferBytes: number
  /** The time that one dispatch aims at. */
  sliceTargetMs: number
}

/** `auto` takes the fastest that answers; `software` is for tests and comparisons. */
export type AdapterChoice = 'auto' | 'software'

/** Bytes that travel with a message: in it, or as a file of the exchange folder. */
export type Payload = { inline: Uint8Array } | { file: string; bytes: number }

export interface AdapterReport {
  name: string
  kind: DeviceReport['kind']
  vendor: string
  architecture: string
  /** As the driver words itself; often holds its version. */
  description: string
}

/** Compile `code` and keep the pipeline under `key`. */
export interface PrepareRequest {
  kind: 'prepare'
  id: number
  key: string
  code: string
  /** Lines at the start of `code` that are the author's. */
  authorLines: number
  /** Pipelines to forget first. */
  drop: string[]
}

export interface BlockRequest {
  kind: 'block'
  id: number
  key: string
  params: Uint32Array
  input: Payload
  workgroupSize: number
  invocations: number
  outputBytes: number
  /** Into how many dispatches it is cut at least. */
  leastDispatches: number
  /** Make NaN and −0 canonical before hashing. */
  canonicalFloats: boolean
}

export type ToChild = PrepareRequest | BlockRequest | { kind: 'cancel'; id: number }

export interface ReadyMessage {
  kind: 'ready'
  adapter: AdapterReport
  limits: DeviceReport['limits']
}

export interface PreparedMessage {
  kind: 'prepared'
  id: number
  diagnostics: Diagnostic[]
}

export interface DoneMessage {
  kind: 'done'
  id: number
  output: Payload
  hash: Uint8Array
  deviceMs: number
  /** CPU time of the child since its start. */
  cpuSeconds: number
}

export interface FailedMessage {
  kind: 'failed'
  id: number
  /** `cancelled` leaves the child as it was; after the others it is replaced. */
  reason: 'cancelled' | 'memory' | 'device'
  message: string
}

export type Reply = PreparedMessage | DoneMessage | FailedMessage
export type FromChild = ReadyMessage | { kind: 'no-adapter'; found: string } | { kind: 'adapters'; adapters: AdapterReport[] } | Reply
