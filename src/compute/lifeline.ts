import { rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { workerData } from 'node:worker_threads'

/**
 * The child's second thread. It holds one end of a pipe whose other end only the parent has; when the parent is gone, however it went,
 * the pipe closes and this thread kills the process, even while the main thread is stuck in a compiler or a driver.
 */
const { fd, directory } = workerData as { fd: number; directory: string | undefined }
const pipe = new Socket({ fd })
const die = () => {
  try {
    // what lies there is memory: nobody else is left to free it
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
  } finally {
    process.kill(process.pid, 'SIGKILL')
  }
}
pipe.on('close', die)
pipe.on('error', die)
pipe.resume()
