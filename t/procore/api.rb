# The API: a few real resources, and a catch-all for every other one.

require "digest"

module Procore
  module Api
    # Authenticates, notes what a request names, and refuses as Procore does.
    class Base < ActionController::Base
      wrap_parameters format: [:json]
      skip_forgery_protection

      before_action :authenticate, :note_names, :require_header,
                    :require_connection

      class << self
        attr_accessor :world, :ledger
      end

      private

      def world
        Base.world
      end

      def account
        @account ||= world.account(doorkeeper_token.resource_owner_id,
                                   client)
      end

      def client
        doorkeeper_token.application.uid
      end

      def authenticate
        return if doorkeeper_token&.accessible?

        response.headers["WWW-Authenticate"] =
          'Bearer realm="Procore", error="invalid_token"'
        refuse(401, "The access token is invalid or expired")
      end

      def note_names
        found = Naming.of(request)
        Base.ledger.amend(request.env["standin.entry"], seen(found))

        named = found.companies.map { |id| world.companies[id] }
        named += found.projects.map { |id| world.projects[id]&.company }
        @locked = []
        named.compact.uniq.each { |company| touch(company) }
      end

      # An app is installed in each company that its user can see and that
      # it calls; a company that forbids this only counts the attempt.
      def touch(company)
        return unless account.companies.include?(company.id)

        if company.user_installs
          Base.ledger.install(client, company.id)
        else
          Base.ledger.attempt(client, company.id)
          @locked << company
        end
      end

      def seen(found)
        { "routed" => "#{request.request_method} #{controller_name}" \
                      "##{action_name}",
          "params" => readable(params.to_unsafe_h),
          "ids" => found.to_h, "client" => client,
          "user" => doorkeeper_token.resource_owner_id }
      end

      # A NUL or a stray byte in a parameter must not spoil the record.
      def readable(value)
        case value
        when Hash  then value.to_h { |k, v| [k.to_s.scrub, readable(v)] }
        when Array then value.map { |item| readable(item) }
        when ActionDispatch::Http::UploadedFile then upload(value)
        when String then value.dup.force_encoding("UTF-8").scrub
        when Float then value.finite? ? value : value.to_s
        else value
        end
      end

      def upload(file)
        bytes = file.read
        file.rewind
        { "filename" => file.original_filename.to_s.scrub,
          "content_type" => file.content_type, "size" => bytes.bytesize,
          "sha256" => Digest::SHA256.hexdigest(bytes) }
      end

      def require_header
        return if request.headers["Procore-Company-Id"].present?

        refuse(400, "Missing Procore-Company-Id header!")
      end

      def require_connection
        refuse(403, "App is not connected to this company") if @locked.any?
      end

      def refuse(status, sentence)
        render json: { errors: sentence, message: sentence }, status: status
      end

      # Sets the paging headers and returns the page of the list.
      def page_of(list, default: 100, most: 100)
        per_page = params.fetch(:per_page, default).to_i.clamp(1, most)
        page = [params.fetch(:page, 1).to_i, 1].max
        last = [(list.size.to_f / per_page).ceil, 1].max

        response.headers["Total"] = list.size.to_s
        response.headers["Per-Page"] = per_page.to_s
        links = links(page, last)
        response.headers["Link"] = links.join(", ") if links.any?
        list[(page - 1) * per_page, per_page] || []
      end

      def links(page, last)
        pages = {}
        pages.update("first" => 1, "prev" => page - 1) if page > 1
        pages.update("next" => page + 1, "last" => last) if page < last

        pages.map do |rel, number|
          query = request.query_parameters.merge("page" => number).to_query
          "<#{request.base_url}#{request.path}?#{query}>; rel=\"#{rel}\""
        end
      end
    end

    # Listing companies and showing the user install nothing by themselves
    # and need no header.
    class CompaniesController < Base
      skip_before_action :require_header

      def index
        companies = account.companies.map { |id| world.companies[id] }
        render json: page_of(companies).map { |company| row(company) }
      end

      private

      def row(company)
        { id: company.id, name: company.name, is_active: company.active,
          logo_url: nil, my_company: false }
      end
    end

    class UsersController < Base
      skip_before_action :require_header

      def show
        render json: { id: account.id, name: account.name,
                       login: account.login }
      end
    end

    class ProjectsController < Base
      IDS_PAGE = 200_000
      OBJECTS_PAGE = 300

      def index
        return forbidden unless account.companies.include?(company_id)

        list = world.projects_of(company_id, account)
        list = list.select(&:active) unless all?
        view = params[:view] || params[:serializer_view]

        if view == "ids"
          ids = list.map(&:id)
          render json: page_of(ids, default: IDS_PAGE, most: IDS_PAGE)
        else
          page = page_of(list, most: OBJECTS_PAGE)
          render json: page.map { |project| row(project, view == "compact") }
        end
      end

      def show
        with_project { |project| render json: row(project) }
      end

      def create
        company = world.companies[company_id]
        return forbidden unless company &&
                                account.companies.include?(company.id)

        name = given[:name].to_s
        project = world.create_project(company, name)
        render json: row(project), status: :created
      end

      def update
        with_project do |project|
          project.name = given[:name].to_s if given.key?(:name)
          render json: row(project)
        end
      end

      # Updates what exists and is visible; the rest are errors.
      def sync
        updates = params[:updates]
        updates = [] unless updates.is_a?(Array)
        done, failed = updates.partition do |update|
          project = world.projects[id_of(update)]
          project && world.visible?(project, account)
        end
        render json: {
          entities: done.map { |update| row(world.projects[id_of(update)]) },
          errors: failed.map { |update| { id: id_of(update) } }
        }
      end

      private

      def company_id
        (params[:company_id] || request.headers["Procore-Company-Id"]).to_i
      end

      def all?
        filters = params[:filters]
        filters.respond_to?(:key?) && filters[:by_status] == "All"
      end

      def given
        inner = params[:project]
        inner.is_a?(ActionController::Parameters) ? inner : params
      end

      def id_of(update)
        update.is_a?(ActionController::Parameters) ? update[:id].to_i : 0
      end

      def with_project
        project = world.projects[params[:id].to_i]
        return refuse(404, "Not found") unless project &&
                                               world.visible?(project, account)

        yield project
      end

      def forbidden
        refuse(403, "You do not have permission to see this company")
      end

      def row(project, compact = false)
        row = { id: project.id, name: project.name }
        return row if compact

        row.merge(active: project.active,
                  company: { id: project.company.id,
                             name: project.company.name })
      end
    end

    class RfisController < Base
      before_action :require_project

      def index
        render json: page_of([{ id: 1, subject: "Which door?" }])
      end

      def create
        render json: rfi(1), status: :created
      end

      def update
        render json: rfi(params[:id].to_i)
      end

      private

      def require_project
        @project = world.projects[params[:project_id].to_i]
        return if @project && world.visible?(@project, account)

        refuse(404, "Not found")
      end

      def rfi(id)
        given = params[:rfi]
        given = params unless given.is_a?(ActionController::Parameters)
        { id: id, subject: given[:subject],
          project: { id: @project.id, name: @project.name },
          attachments: Array(given[:attachments]).map { |f| readable(f) } }
      end
    end

    # Any other resource: it says what it was asked for.
    class ResourcesController < Base
      def any
        render json: { ok: true, params: readable(params.to_unsafe_h) }
      end

      private

      # As if each resource had a controller of its own.
      def _wrapper_key
        parts = params[:path].to_s.split("/")
        parts.grep_v(/\d/).last&.tr("^a-z_", "")&.singularize.presence
      end
    end
  end
end
