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

echo "10. Everything that Ana was told, as a script reads it."
curl -sS "$URL/v1/event-log?after=0" -H "Authorization: Bearer $ANA"
