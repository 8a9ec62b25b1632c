const unfit = /[\0\r\n]/;

/**
 * The first lines of a request.
 * @param headers name, value, name, value ...
 * @throws TypeError where something would end a line
 */
export function requestHead(
  method: string,
  path: string,
  host: string,
  headers: readonly string[],
  bodyLength: number | undefined,
): string {
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  if (unfit.test(path)) throw new TypeError('the path has a line break');
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string;
    const value = headers[at + 1] as string;
    if (unfit.test(value) || unfit.test(name)) throw new TypeError(`the header ${name.slice(0, 100)} has a line break`);
    head += `${name}: ${value}\r\n`;
  }
  return bodyLength === undefined ? `${head}\r\n` : `${head}content-length: ${bodyLength}\r\n\r\n`;
}
