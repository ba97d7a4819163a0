import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerError, ProblemCode, ProblemError, RepdeskClient, Retry } from '@repdesk/client';
import { openDesk, openSession, password, patience } from './desk.js';
import { Network } from './network.js';

const desk = await openDesk();
const network = await new Network(desk.url).open();
const device = { platform: 'script' } as const;

/** What goes over the wire, attempt by attempt. */
class Wire {
  readonly requests: Request[] = [];
  readonly answers: Response[] = [];

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    this.requests.push(request);
    const answer = await globalThis.fetch(request);
    this.answers.push(answer);
    return answer;
  };

  keys(): Set<string | null> {
    return new Set(this.requests.map((request) => request.headers.get('Idempotency-Key')));
  }
}

/** Ana's client over the network with the faults, and what it sends. */
async function anaOverNetwork(): Promise<[RepdeskClient, Wire]> {
  const wire = new Wire();
  return [await desk.logIn('ana', { baseUrl: network.url, fetch: wire.fetch }), wire];
}

async function refusal(request: Promise<unknown>): Promise<ProblemError> {
  const error = await request.then(
    () => assert.fail('it was not refused'),
    (error: unknown) => error,
  );
  assert(error instanceof ProblemError, String(error));
  return error;
}

test('a wrong password is a typed problem', patience, async () => {
  const refused = await refusal(new RepdeskClient({ baseUrl: `${desk.url}/` }).logIn({ body: { username: 'ana', password: 'wrong', device } }));
  assert.equal(refused.code, ProblemCode.invalidCredentials);
  assert.equal(refused.retry, Retry.never);
  assert.equal(refused.problem.status, 401);
  assert.match(refused.problem.request_id, /./);
  assert.match(refused.message, /^invalid_credentials: /);
  assert(refused instanceof Error && refused.stack);
});

test('a token is asked for anew for each request, and none is sent where none is needed', patience, async () => {
  const wire = new Wire();
  const asked: string[] = [];
  let token: string | undefined;
  const client = new RepdeskClient({
    baseUrl: desk.url,
    fetch: wire.fetch,
    token: async () => {
      asked.push(token ?? 'none');
      return token;
    },
  });
  token = (await client.logIn({ body: { username: 'ana', password, device } })).token;
  assert.equal(wire.requests[0]?.headers.get('Authorization'), null);
  assert.equal((await client.getMe()).name, 'Ana Ruiz');
  token = undefined;
  assert.equal((await refusal(client.getMe())).code, ProblemCode.notLoggedIn);
  assert(asked.length >= 2);
});

test('a field that the server does not know is left out', patience, async () => {
  const [ana, wire] = await anaOverNetwork();
  const body = { busy: true, mood: 'good' };
  assert.equal((await ana.updateMe({ body })).busy, true);
  assert.equal(wire.answers[0]?.headers.get('Ignored-Parameters'), 'mood');
});

test('a refusal says what stands in the way', patience, async () => {
  const [ana] = await anaOverNetwork();
  const session_id = await openSession(ana);
  const refused = await refusal(ana.invite({ path: { session_id }, body: { rep_id: '@nobody' } }));
  assert.equal(refused.code, ProblemCode.notFound);
  const wrong = await refusal(ana.invite({ path: { session_id }, body: { rep_id: '@ben', access: 'everything' } }));
  assert.equal(wrong.code, ProblemCode.validationFailed);
  assert.deepEqual(wrong.problem.errors?.map(({ field }) => field), ['access']);
});

test('when the answer is lost, the same request goes out again with the same key, and is done once', patience, async () => {
  const [ana, wire] = await anaOverNetwork();
  await desk.logIn('ben');
  const session_id = await openSession(ana);
  wire.requests.length = wire.answers.length = 0;
  network.loseAnswers(3);
  const invitation = await ana.invite({ path: { session_id }, body: { rep_id: '@ben' } });
  assert.equal(wire.requests.length, 4);
  assert.equal(wire.keys().size, 1);
  assert.match([...wire.keys()][0] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(wire.answers.at(-1)?.headers.get('Idempotent-Replayed'), 'true');
  assert.deepEqual((await ana.listInvitations({ path: { session_id } })).items.map(({ id }) => id), [invitation.id]);
});

test('each call has a key of its own, and one that is given is kept', patience, async () => {
  const [ana, wire] = await anaOverNetwork();
  const headers = { 'Idempotency-Key': `ticket-${crypto.randomUUID()}` };
  const body = { customer: { name: 'Jo Doe' } };
  const first = await ana.startSession({ body, headers });
  const again = await ana.startSession({ body, headers });
  const other = await ana.startSession({ body });
  assert.equal(again.session.id, first.session.id);
  assert.notEqual(other.session.id, first.session.id);
  assert.deepEqual(wire.answers.map((answer) => answer.headers.get('Idempotent-Replayed')), [null, 'true', null]);
  assert.equal(wire.keys().size, 2);
});

test('after three repetitions the fault is the caller’s', patience, async () => {
  const [ana, wire] = await anaOverNetwork();
  network.loseAnswers(4);
  await assert.rejects(ana.getMe(), TypeError);
  assert.equal(wire.requests.length, 4);
});

test('a change that may have been made is not made again', patience, async () => {
  const [ana, wire] = await anaOverNetwork();
  network.loseAnswers(1);
  await assert.rejects(ana.updateMe({ body: { busy: false } }), TypeError);
  assert.equal(wire.requests.length, 1);
});

const badGateway = 'HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops';
const unavailable = (seconds: number) => `HTTP/1.1 503 Service Unavailable\r\nRetry-After: ${seconds}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;

test('what a proxy says while it cannot reach the server passes', patience, async () => {
  const [ana, wire] = await anaOverNetwork();
  network.answer(badGateway, unavailable(1));
  const before = performance.now();
  assert.equal((await ana.getMe()).name, 'Ana Ruiz');
  assert(performance.now() - before >= 1000, 'Retry-After was not respected');
  assert.deepEqual(wire.answers.map(({ status }) => status), [502, 503, 200]);
});

test('an answer that is no problem of the desk’s has its own error', patience, async () => {
  const [ana] = await anaOverNetwork();
  network.answer(badGateway);
  await assert.rejects(ana.updateMe({ body: { busy: false } }), (error) => error instanceof AnswerError && error.status === 502);
  network.answer(unavailable(3600));
  await assert.rejects(ana.getMe(), (error) => error instanceof AnswerError && error.status === 503 && error.retryAfterSeconds === 3600);
});

/** What a network that wants somebody to log in says in place of anything else. */
const page = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 7\r\nConnection: close\r\n\r\nWelcome';

test('a page is no answer', patience, async () => {
  const [ana] = await anaOverNetwork();
  network.answer(page);
  await assert.rejects(ana.getMe(), (error) => error instanceof AnswerError && error.status === 200);
});

test('a problem that cannot be read is no problem of the desk’s', patience, async () => {
  const [ana] = await anaOverNetwork();
  for (const body of ['', '{"code":', 'null', '"no"']) {
    network.answer(`HTTP/1.1 409 Conflict\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    await assert.rejects(ana.getMe(), (error) => error instanceof AnswerError && error.status === 409, body);
    network.answer(`HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/problem+json\r\nRetry-After: 0\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    assert.equal((await ana.getMe()).name, 'Ana Ruiz', body);
  }
});

test('a call that waits can be ended', patience, async () => {
  const [ana, wire] = await anaOverNetwork();
  const ending = new AbortController();
  network.answer(unavailable(9));
  const asking = ana.getMe({ signal: ending.signal });
  while (wire.answers.length === 0) {
    await new Promise(setImmediate);
  }
  ending.abort();
  await assert.rejects(asking, { name: 'AbortError' });
  assert.equal(wire.requests.length, 1);
});

test('who is told to wait for long learns so at once', patience, async () => {
  const anybody = new RepdeskClient({ baseUrl: desk.url });
  for (;;) {
    const refused = await refusal(anybody.logIn({ body: { username: 'ben', password: 'wrong', device } }));
    if (refused.code !== ProblemCode.invalidCredentials) {
      assert.equal(refused.code, ProblemCode.tooManyAttempts);
      assert((refused.retryAfterSeconds ?? 0) > 10, `asked for ${refused.retryAfterSeconds} seconds`);
      return;
    }
  }
});
