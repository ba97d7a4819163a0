package io.github.repdesk.client

import io.github.repdesk.client.models.Access
import io.github.repdesk.client.models.PushType
import java.time.Instant
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

class PushInboxTest {
    private val vectors = vectors<PushVectors>("push.json")

    private class Memory(var text: String? = null) : PushInbox.Store {
        override fun load() = text

        override fun save(text: String) {
            this.text = text
        }
    }

    @TestFactory
    fun `what it says to each push`(): List<DynamicTest> = vectors.cases.flatMap { case ->
        listOf(false, true).map { killed -> dynamicTest("${case.name}${if (killed) ", the app killed in between" else ""}") { check(case, killed) } }
    }

    private fun check(case: PushVectors.Case, killed: Boolean) {
        val store = Memory()
        var inbox = PushInbox(case.server_id, case.rep_id, store)
        for (step in case.steps) {
            if (killed) inbox = PushInbox(case.server_id, case.rep_id, store)
            val action = inbox.receive(step.data, Instant.parse(step.at))
            assertEquals(step.expect, action.asExpected(), step.toString())
            assertTrue(action.ack == null || action.ack == step.data["delivery_id"]) { "$action to $step" }
        }
        assertEquals(case.shows, inbox.showing(Instant.parse(case.steps.last().at)))
    }

    private fun PushAction.asExpected(): PushVectors.Expected = when (this) {
        is PushAction.Show -> PushVectors.Expected(if (replaces) "replace" else "show", tag, message.title, message.body, ack != null)
        is PushAction.Cancel -> PushVectors.Expected("cancel", tag, ack = ack != null)
        is PushAction.CheckLogIn -> PushVectors.Expected("check_log_in", tag, message.title, message.body, ack != null)
        is PushAction.Ignore -> PushVectors.Expected("ignore", why = why.name.lowercase(), ack = ack != null)
    }

    @TestFactory
    fun `the same shows at the end in every order, doubled or not`(): List<DynamicTest> = vectors.any_order.map { case ->
        dynamicTest(case.name) {
            val orders = subsets(case.messages).flatMap { doubled -> permutations(case.messages + doubled) }.distinct()
            assertTrue(orders.size >= 6)
            for (order in orders) {
                val store = Memory()
                for (message in order) PushInbox(case.server_id, case.rep_id, store).receive(message, Instant.parse(case.at))
                val shows = PushInbox(case.server_id, case.rep_id, store).showing(Instant.parse(case.at))
                assertEquals(case.shows.toSet(), shows.toSet()) { order.joinToString { "${it["type"]} ${it["rev"]}" } }
            }
        }
    }

    /** All ways to choose at most two. */
    private fun <T> subsets(of: List<T>): List<List<T>> =
        listOf(emptyList<T>()) + of.map(::listOf) + of.flatMapIndexed { i, one -> of.drop(i + 1).map { listOf(one, it) } }

    private fun <T> permutations(of: List<T>): List<List<T>> =
        if (of.isEmpty()) listOf(emptyList()) else of.indices.flatMap { i -> permutations(of - of[i]).map { listOf(of[i]) + it } }

    @Test
    fun `a show tells when it goes away by itself, and gives the whole push`() {
        val step = vectors.cases.first().steps.first()
        val show = PushInbox("srv_1", "rep_ben", Memory()).receive(step.data, Instant.parse(step.at)) as PushAction.Show
        assertEquals(Instant.parse("2026-11-23T12:00:00Z"), show.staleAt)
        assertEquals(PushType.INVITATION, show.message.type)
        assertEquals("Ana Ruiz", show.message.inviter)
        assertEquals(Access.CONTROL, show.message.access)
    }

    @Test
    fun `what was saved for another rep, or is broken, is as nothing`() {
        val step = vectors.cases.first().steps.first()
        val at = Instant.parse(step.at)
        val store = Memory()
        PushInbox("srv_1", "rep_ben", store).receive(step.data, at)
        for (text in listOf(store.text!!.replace("rep_ben", "rep_cem"), store.text!!.replace("srv_1", "srv_2"), "", "{", "[]", "null", "{\"kept\":{}}")) {
            val inbox = PushInbox("srv_1", "rep_ben", Memory(text))
            assertEquals(emptyList<String>(), inbox.showing(at), text)
            assertTrue(inbox.receive(step.data, at) is PushAction.Show, text)
        }
    }

    @Test
    fun `what it remembers stays small`() {
        val store = Memory()
        val inbox = PushInbox("srv_1", "rep_ben", store)
        val push = vectors.cases.first().steps.first().data
        var at = Instant.parse("2026-11-22T12:00:00Z")
        repeat(10_000) { i ->
            inbox.receive(push + mapOf("key" to "inv_$i", "sent_at" to "$at"), at)
            at = at.plusSeconds(600)
        }
        assertTrue(store.text!!.length < 48 * 6 * 120) { "${store.text!!.length} characters" }
    }
}
