// Runs in a browser, on a page of the desk's own origin: an invitation, from logging in to accepting it.
import { createRepdeskClient, EventType, ProblemCode, ProblemError } from '@repdesk/client';

const baseUrl = location.origin;
const device = { platform: 'web' };

async function logIn(username: string, password: string) {
  const { token } = await createRepdeskClient({ baseUrl }).logIn({ body: { username, password, device } });
  return createRepdeskClient({ baseUrl, token });
}

async function invitation(password: string): Promise<string> {
  const refused = await logIn('ana', 'wrong').catch((error: unknown) => error);
  if (!(refused instanceof ProblemError && refused.code === ProblemCode.invalidCredentials)) {
    throw refused;
  }
  const [ana, ben] = [await logIn('ana', password), await logIn('ben', password)];
  const { session } = await ana.startSession({ body: { customer: { name: 'Jo Doe' } } });
  await ana.acceptSession({ path: { session_id: session.id } });
  const ending = new AbortController();
  let said = 'the stream ended';
  for await (const update of ben.eventStream({ signal: ending.signal })) {
    if (update.kind === 'snapshot') {
      await ana.invite({ path: { session_id: session.id }, body: { rep_id: '@ben' } });
    } else if (update.kind === 'event' && update.event.type === EventType.invitationCreated && update.event.invitation) {
      const accepted = await ben.acceptInvitation({ path: { invitation_id: update.event.invitation.id } });
      said = `${accepted.invitation.state} by ${accepted.invitation.accepted_by?.name}`;
      ending.abort();
    }
  }
  return said;
}

const outcome = await invitation(document.body.dataset['password']!).catch(String);
await fetch('/outcome', { method: 'POST', body: outcome });
