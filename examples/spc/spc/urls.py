"""The site's addresses."""

from penstock.web.urls import include, path
from spc.views import account, alarms, api, chart, exports, imports, limits, overview, rules, tokens

handler400 = "spc.views.fault.bad_request"
handler403 = "spc.views.fault.forbidden"
handler404 = "spc.views.fault.missing"
handler500 = "spc.views.fault.failed"

api_v1 = [
    path("tools/", api.tools, name="api-tools"),
    path("charts/<int:number>/", api.chart, name="api-chart"),
    path("parameters/<int:number>/subgroups/", api.subgroups, name="api-subgroups"),
    path("parameters/<int:number>/subgroups/<int:subgroup>/", api.subgroup, name="api-subgroup"),
    path("alarms/", api.alarms, name="api-alarms"),
    path("alarms/<int:number>/", api.alarm, name="api-alarm"),
    path("alarms/<int:number>/acknowledge/", api.acknowledge_alarm, name="api-acknowledge"),
    path("imports/", api.import_file, name="api-imports"),
    path("imports/<int:number>/", api.one_import, name="api-import"),
]

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("log-in/", account.log_in, name="log-in"),
    path("log-out/", account.log_out, name="log-out"),
    path("charts/<int:number>/", chart.chart, name="chart"),
    path("charts/<int:number>/points.json", chart.points, name="points"),
    path("charts/<int:number>/chart.svg", chart.picture, name="picture"),
    path("charts/<int:number>/table/", chart.table, name="table"),
    path("charts/<int:number>/limits/", limits.limits, name="limits"),
    path("charts/<int:number>/limits/<int:version>/revert/", limits.revert, name="revert-limits"),
    path("charts/<int:number>/rules/", rules.rules, name="rules"),
    path("charts/<int:number>/rules/<int:version>/revert/", rules.revert, name="revert"),
    path("charts/<int:number>/measurements.<str:form>", exports.export, name="export"),
    path("alarms/", alarms.alarms, name="alarms"),
    path("alarms/<int:number>/", alarms.alarm, name="alarm"),
    path("imports/", imports.imports, name="imports"),
    path("imports/<int:number>/", imports.one_import, name="import"),
    path("imports/<int:number>/state.json", imports.import_state, name="import-state"),
    path("api/", api.description, name="api"),
    path("api/tokens/", tokens.tokens, name="tokens"),
    path("api/tokens/<int:number>/revoke/", tokens.revoke, name="revoke-token"),
    path("api/v1/", include(api_v1)),
]
