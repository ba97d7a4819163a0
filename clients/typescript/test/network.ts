import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after } from 'node:test';

/** A network between a client and a server, with the faults that networks have. */
export class Network {
  /** Where the server seems to be. */
  url = '';
  /** Whether whoever connects is cut off at once. */
  down = false;
  /** Whether what the server says gets nowhere, though the connections stand. */
  silent = false;
  /** Changes what the server says on its way. */
  rewrite: (text: Buffer) => Buffer = (text) => text;
  #lost = 0;
  #answers: string[] = [];
  readonly #server: URL;
  readonly #sockets = new Set<Socket>();
  readonly #listener = createServer((socket) => this.#accept(socket));

  constructor(server: string) {
    this.#server = new URL(server);
  }

  /** Opens the network; it goes when the file's tests are over. */
  async open(): Promise<this> {
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
    this.url = `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
    after(() => {
      this.cut();
      this.#listener.close();
    });
    return this;
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  /** Cuts the connection of each of the next requests once it is answered, before the answer arrives. */
  loseAnswers(count: number): void {
    this.#lost = count;
  }

  /** Answers the next requests in the server's place, as a proxy does that cannot reach it. */
  answer(...answers: string[]): void {
    this.#answers.push(...answers);
  }

  #accept(client: Socket): void {
    if (this.down) {
      client.destroy();
      return;
    }
    const server = connect(Number(this.#server.port), this.#server.hostname);
    for (const [socket, other] of [[client, server], [server, client]] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => {}); // close follows
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (text) => {
      const answer = this.#answers.shift();
      if (answer === undefined) {
        server.write(text);
      } else {
        client.end(answer);
      }
    });
    server.on('data', (text) => {
      if (this.#lost > 0) {
        this.#lost--;
        client.destroy();
      } else if (!this.silent) {
        client.write(this.rewrite(text));
      }
    });
  }
}
