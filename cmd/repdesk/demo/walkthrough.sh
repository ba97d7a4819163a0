echo "1. Ana has a session open. With whom can she share it?"
curl -sS $URL/v1/sessions/$SESSION/share -H "Authorization: Bearer $ANA"

echo "2. She invites Ben, whose phone shows it at once."
INVITATION=$(curl -sS $URL/v1/sessions/$SESSION/invitations -H "Authorization: Bearer $ANA" -H 'Content-Type: application/json' -d '{"rep_id": "@ben", "comment": "Could you look at the tray with me?"}' | sed -n 's/.*"id":"\(inv_[^"]*\)".*/\1/p'); echo $INVITATION

echo "3. Ben sees the invitation wherever he is logged in."
curl -sS $URL/v1/me/invitations -H "Authorization: Bearer $BEN"

echo "4. He accepts and is in. The notification goes away."
curl -sS -X POST $URL/v1/invitations/$INVITATION/accept -H "Authorization: Bearer $BEN"

echo "5. Who is in the session now?"
curl -sS $URL/v1/sessions/$SESSION/attendees -H "Authorization: Bearer $ANA"

echo "6. Cho is not logged in, but may be invited by email. See where the buttons of the email lead."
curl -sS $URL/v1/sessions/$SESSION/invitations -H "Authorization: Bearer $ANA" -H 'Content-Type: application/json' -d '{"rep_id": "@cho", "comment": "It is the one in the blue room."}'

echo "7. Ana asks for help with something else: whoever of the network team comes first."
HELP=$(curl -sS $URL/v1/sessions/$SESSION/request-help -H "Authorization: Bearer $ANA" -H 'Content-Type: application/json' -d '{"issue_id": "@vpn", "comment": "The printer hangs behind the VPN."}' | sed -n 's/.*"id":"\(inv_[^"]*\)".*/\1/p'); echo $HELP

echo "8. Not needed any more: she cancels, and the notification goes away."
curl -sS -X POST $URL/v1/invitations/$HELP/cancel -H "Authorization: Bearer $ANA"

echo "9. What was sent for it, device by device?"
curl -sS $URL/v1/invitations/$HELP/deliveries -H "Authorization: Bearer $ANA"

echo "10. Or whoever of the tills team comes first: their queue takes it, though nobody of them is logged in."
curl -sS $URL/v1/sessions/$SESSION/invitations -H "Authorization: Bearer $ANA" -H 'Content-Type: application/json' -d '{"team_id": "@tills", "access": "view"}'

echo "11. Or everyone who is logged in under a portal. The first to accept joins, and the alert goes away for the others."
curl -sS $URL/v1/sessions/$SESSION/invitations -H "Authorization: Bearer $ANA" -H 'Content-Type: application/json' -d '{"portal_id": "@main", "include_sub_portals": true, "comment": "Who knows this till?"}'

echo "12. Ben writes something that the customer does not see."
curl -sS $URL/v1/sessions/$SESSION/messages -H "Authorization: Bearer $BEN" -H 'Content-Type: application/json' -d '{"text": "I had the same one yesterday.", "audience": "reps"}'

echo "13. Ana has to go on with something else: she offers the session to Ben, and stays to help."
curl -sS $URL/v1/sessions/$SESSION/transfer -H "Authorization: Bearer $ANA" -H 'Content-Type: application/json' -d '{"rep_id": "@ben", "comment": "You know it better.", "stay": true}'

echo "14. Ben takes it, and owns it. What Ana had invited is over, for the reason ownership_moved."
curl -sS -X POST $URL/v1/sessions/$SESSION/accept -H "Authorization: Bearer $BEN"
curl -sS $URL/v1/sessions/$SESSION/invitations -H "Authorization: Bearer $BEN"

echo "15. Everything that Ana was told, as a script reads it."
curl -sS "$URL/v1/event-log?after=0" -H "Authorization: Bearer $ANA"
