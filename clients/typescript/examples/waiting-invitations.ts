import { type Invitation, InvitationState, type RepdeskClient } from '@repdesk/client';

/** Shows the invitations that wait for an answer, and each change of them, until the signal ends it. */
export async function showInvitations(client: RepdeskClient, show: (waiting: Invitation[]) => void, signal: AbortSignal) {
  const known = new Map<string, Invitation>();
  const note = (invitation: Invitation) => {
    if (invitation.rev >= (known.get(invitation.id)?.rev ?? 0)) known.set(invitation.id, invitation);
  };
  for await (const update of client.eventStream({ signal })) {
    if (update.kind === 'snapshot') {
      known.clear();
      update.snapshot.invitations.forEach(note);
    } else if (update.kind === 'event' && update.event.invitation) {
      note(update.event.invitation);
    } else {
      continue; // ready, interrupted: for a line that says whether the list is up to date; closed: the log-in is over
    }
    show([...known.values()].filter(({ state }) => state === InvitationState.active));
  }
}
