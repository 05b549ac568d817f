"""The tests of this site: they pass with Django, and after the migration."""

# ruff: noqa: PT009 - as people write tests of a Django site

import os

import django
from django.test import Client, SimpleTestCase
from django.urls import reverse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "board.settings")
django.setup()


class BoardTest(SimpleTestCase):
    def test_home_leads_to_the_index(self):
        self.assertRedirects(self.client.get("/"), reverse("notices:index"))

    def test_index_lists_the_notices(self):
        response = self.client.get("/notices/")
        self.assertContains(response, '<a href="/notices/1/">1</a>')
        self.assertContains(response, '<link rel="stylesheet" href="/static/site.css">')
        self.assertContains(response, "csrfmiddlewaretoken")
        self.assertNotContains(response, "nothing")
        self.assertNotContains(response, "remark")

    def test_form_counts_in_the_session(self):
        response = self.client.post("/notices/", {"number": "2"}, follow=True)
        self.assertEqual(response.json(), {"text": "The lift <is> broken", "url": "/notices/2/"})
        self.assertContains(self.client.get("/notices/"), "seen 1")

    def test_form_of_another_site_is_refused(self):
        strict = Client(enforce_csrf_checks=True)
        self.assertContains(strict.post("/notices/", {"number": "1"}), "Forbidden", status_code=403)

    def test_notice_that_is_not_there_is_404(self):
        self.assertEqual(self.client.get("/notices/9/").status_code, 404)

    def test_answer_says_that_nobody_may_keep_it(self):
        self.assertIn("no-cache", self.client.get("/notices/1/")["Cache-Control"])

    def test_expression_gives_text(self):
        self.assertEqual(self.client.get("/notices/year/2024/").json(), {"year": "2024"})
        self.assertEqual(self.client.post("/notices/year/2024/").status_code, 405)

    def test_handler_of_the_site_answers(self):
        self.assertContains(self.client.get("/notices/secret/"), "not for you: members only", status_code=403)

    def test_slash_is_added(self):
        self.assertRedirects(self.client.get("/about"), "/about/", status_code=301)

    def test_template_has_what_the_processors_give(self):
        response = self.client.get("/about/")
        self.assertContains(response, "About Board")
        self.assertRegex(response["X-Time"], r"^\d\.\d{3}$")
        self.assertEqual(response["X-Frame-Options"], "DENY")
