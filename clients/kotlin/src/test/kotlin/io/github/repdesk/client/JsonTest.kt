package io.github.repdesk.client

import io.github.repdesk.client.models.Access
import io.github.repdesk.client.models.Event
import io.github.repdesk.client.models.EventType
import io.github.repdesk.client.models.HelpRequest
import io.github.repdesk.client.models.Invitation
import io.github.repdesk.client.models.InvitationState
import io.github.repdesk.client.models.InviteRequest
import io.github.repdesk.client.models.UpdateMeRequest
import java.time.OffsetDateTime
import java.time.ZoneOffset
import kotlinx.serialization.SerializationException
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test

class JsonTest {
    private val invitation = """{"id": "inv_1", "rev": 3, "kind": "rep", "session": {"id": "ses_1", "kind": "support"}, "inviter": {"id": "rep_ana", "name": "Ana"},
        "access": "control", "masked": false, "state": "active", "created_at": "2026-11-22T12:00:00Z"}"""

    @Test
    fun `what is left out is not sent`() {
        assertEquals("""{"rep_id":"@ben"}""", json.encodeToString(InviteRequest(repId = "@ben")))
        assertEquals("""{"issue_id":"@vpn","access":"view"}""", json.encodeToString(HelpRequest(issueId = "@vpn", access = Access.VIEW)))
        assertEquals("{}", json.encodeToString(UpdateMeRequest()))
        assertEquals("""{"busy":false,"locale":""}""", json.encodeToString(UpdateMeRequest(busy = false, locale = "")))
    }

    @Test
    fun `fields and values of a newer server are read`() {
        val newer = invitation.replace("\"active\"", "\"postponed\"").replace("{\"id\": \"inv_1\"", "{\"colour\": {\"a\": [1]}, \"id\": \"inv_1\"")
        assertEquals(InvitationState.UNKNOWN, json.decodeFromString<Invitation>(newer).state)
        val event = json.decodeFromString<Event>("""{"id": 7, "type": "holiday.begun", "at": "2026-11-22T12:00:00Z"}""")
        assertEquals(EventType.UNKNOWN, event.type)
    }

    @Test
    fun `times are those of the server`() {
        val read = json.decodeFromString<Invitation>(invitation)
        assertEquals(OffsetDateTime.of(2026, 11, 22, 12, 0, 0, 0, ZoneOffset.UTC), read.createdAt)
        assertNull(read.endedAt)
        assertEquals(read, json.decodeFromString<Invitation>(json.encodeToString(read)))
        assertThrows(SerializationException::class.java) { json.decodeFromString<Invitation>(invitation.replace("12:00:00Z", "noon")) }
    }
}
