// Runs a statement whose parameters came in one piece. From wasm each string is a call and a decoding of
// its own, which together cost as much as the statement; cut here from one text, they cost next to nothing.

const NULL = 0
const NUMBER = 1
const TEXT = 2

/** `layout` has two numbers for each parameter: its kind, and the number or the text's length in UTF-16. */
export function exec(sql, statement, texts, layout, blobs) {
  const bindings = []
  let at = 0
  let blob = 0
  for (let place = 0; place < layout.length; place += 2) {
    const value = layout[place + 1]
    switch (layout[place]) {
      case NULL:
        bindings.push(null)
        break
      case NUMBER:
        bindings.push(value)
        break
      case TEXT:
        bindings.push(texts.substring(at, at + value))
        at += value
        break
      default:
        bindings.push(blobs[blob])
        blob += 1
    }
  }
  return sql.exec(statement, ...bindings)
}
