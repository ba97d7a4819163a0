import { createRepdeskClient, EventType } from '@repdesk/client';

const baseUrl = process.env['REPDESK_URL'] ?? 'http://127.0.0.1:8080'; // go run ./cmd/repdesk demo

async function logIn(username: string) {
  const anybody = createRepdeskClient({ baseUrl });
  const { token } = await anybody.logIn({ body: { username, password: 'demo password', device: { platform: 'script' } } });
  return createRepdeskClient({ baseUrl, token });
}

const [ana, ben] = [await logIn('ana'), await logIn('ben')];
const { session } = await ana.startSession({ body: { customer: { name: 'Jo Doe' } } });
await ana.acceptSession({ path: { session_id: session.id } });

for await (const update of ben.eventStream()) {
  if (update.kind === 'snapshot') {
    await ana.invite({ path: { session_id: session.id }, body: { rep_id: '@ben', comment: 'Could you look at the tray with me?' } });
  } else if (update.kind === 'event' && update.event.type === EventType.invitationCreated && update.event.invitation) {
    const { id, inviter, comment } = update.event.invitation;
    await ben.acceptInvitation({ path: { invitation_id: id } });
    console.log(`Ben has joined ${inviter.name}, who said: ${comment}`);
    break;
  }
}
