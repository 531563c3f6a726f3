import { PassThrough } from 'node:stream'
import t from 'tap'
import { ProgressLine } from './progress-line.ts'

function terminal(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 40 })
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => String(stream.read() ?? '') }
}

t.test('ProgressLine writes over itself, not too often, and goes away', async (t) => {
  const { stream, text } = terminal(true)
  const line = new ProgressLine(stream)
  let asked = 0
  const show = () => line.show(() => `profile ${++asked} ${'x'.repeat(80)}`)
  show()
  show()
  t.equal(asked, 1)
  t.equal(text(), `\r\u001b[Kprofile 1 ${'x'.repeat(29)}`)
  line.clear()
  t.equal(text(), '\r\u001b[K')
  line.clear()
  t.equal(text(), '')
})

t.test('ProgressLine says nothing where there is no terminal', async (t) => {
  const { stream, text } = terminal(false)
  const line = new ProgressLine(stream)
  line.show(() => 'x')
  line.clear()
  t.equal(text(), '')
})
