package io.github.repdesk.client

import io.github.repdesk.client.models.Customer
import io.github.repdesk.client.models.Device
import io.github.repdesk.client.models.InviteRequest
import io.github.repdesk.client.models.LogInRequest
import io.github.repdesk.client.models.Platform
import io.github.repdesk.client.models.ProblemCode
import io.github.repdesk.client.models.StartSessionRequest

suspend fun firstInvitation(url: String): String {
    var token: String? = null
    val client = RepdeskClient(url, { token })
    token = client.consoles.logIn(LogInRequest(Device(Platform.SCRIPT), username = "ana", password = "demo password")).token

    val session = client.sessions.startSession(StartSessionRequest(Customer(name = "Jo Doe"), portalId = "@main")).session
    client.sessions.acceptSession(session.id)
    return try {
        val invitation = client.sharing.invite(session.id, InviteRequest(repId = "@ben", comment = "Could you look at the tray?"))
        "${invitation.rep?.name} is invited."
    } catch (refused: ProblemException) {
        when (refused.code) {
            ProblemCode.REP_NOT_AVAILABLE -> "Ben is not there."
            else -> throw refused
        }
    }
}
