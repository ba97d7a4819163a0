/** One event of a stream of server-sent events. */
export interface SentEvent {
  /** The id that holds for it: its own, or else the last that the stream gave. Absent where it gave none yet. */
  id?: string;
  /** Its name; `message` where the stream gives none. */
  event: string;
  /** Its data, the lines joined by line feeds. */
  data: string;
}

/** Reads server-sent events out of the bytes of a stream, however these are cut (HTML Standard, “Server-sent events”). */
export class SseParser {
  #decoder = new TextDecoder();
  #afterCR = false;
  #line = '';
  #id: string | undefined;
  #event = '';
  #data: string[] = [];

  /** Takes the next bytes, and returns the events that they complete. */
  feed(bytes: Uint8Array): SentEvent[] {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') {
      return [];
    }
    if (this.#afterCR && text.startsWith('\n')) {
      text = text.slice(1); // the second half of a line end
    }
    this.#afterCR = text.endsWith('\r');
    const lines = (this.#line + text).split(/\r\n|\n|\r/);
    this.#line = lines.pop() ?? '';
    return lines.flatMap((line) => (line === '' ? this.#complete() : this.#take(line)));
  }

  #take(line: string): [] {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    switch (name) {
      case 'event':
        this.#event = value;
        break;
      case 'data':
        this.#data.push(value);
        break;
      case 'id':
        if (!value.includes('\0')) {
          this.#id = value;
        }
        break;
    }
    return []; // a comment has an empty name; other fields mean nothing here
  }

  #complete(): SentEvent[] {
    const data = this.#data;
    const event = this.#event || 'message';
    this.#data = [];
    this.#event = '';
    if (data.length === 0) {
      return [];
    }
    return [{ ...(this.#id !== undefined && { id: this.#id }), event, data: data.join('\n') }];
  }
}
