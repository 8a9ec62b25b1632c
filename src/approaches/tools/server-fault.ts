/** Why a server of tools did not do what it was asked for, in our own words: its own may quote keys or prompts. */
export class ServerFault extends Error {
  /** The server has surely not begun with the call, so that it can be made again. */
  readonly isUnseen: boolean;

  /** @param message goes behind "the tool server "x": ", such as `it answered with status 401` */
  constructor(message: string, isUnseen = false) {
    super(message);
    this.name = 'ServerFault';
    this.isUnseen = isUnseen;
  }
}
